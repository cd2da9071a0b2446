import os
import random

import pytest
from shop import Cart, Shop


def pytest_generate_tests(metafunc):
    """Each test as often as ROUNDS says."""
    rounds = int(os.environ.get("ROUNDS", "1"))
    if rounds > 1:
        metafunc.fixturenames.append("round_number")
        metafunc.parametrize("round_number", range(rounds))


def pytest_collection_modifyitems(items):
    """In another order each time, but module by module as pytest has them."""
    seed = int(os.environ.get("SEED", "0"))
    if seed:
        random.Random(seed).shuffle(items)


@pytest.fixture(scope="session")
def shop_of_session():
    shop = Shop()
    shop.carts.append(Cart("session"))
    yield shop
    shop.carts.clear()


@pytest.fixture(scope="module")
def shop_of_module(shop_of_session):
    return Shop()


@pytest.fixture(scope="module")
def late():
    return Cart("late")


@pytest.fixture(scope="module", params=["a", "b"])
def cart_of_module(request):
    return Cart(request.param)


@pytest.fixture
def cart():
    cart = Cart("fixture")
    cart.itself = cart
    yield cart
    cart.items.append(Cart("teardown"))


@pytest.fixture
def finalized(request):
    cart = Cart("finalized")
    request.addfinalizer(lambda: cart.items.clear())
    return cart


@pytest.fixture(autouse=True)
def everywhere():
    return Cart("autouse")
