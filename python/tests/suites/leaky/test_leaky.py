"""Tests that leave carts behind. The comment of each says what its failure must name."""

import copy
import threading

import pytest
import shop
from shop import Cart

pytestmark = pytest.mark.ctstats(classes=[Cart])


def test_list():  # 3 instances of shop.Cart | shop.py:NN in checkout:  cart = Cart(customer) | shop.REGISTRY.carts[0]
    for number in range(3):
        shop.checkout(number)


def test_subclass():  # 1 instance of shop.Cart | shop.py:NN in open_session | shop.SESSIONS['ann']['carts'][0]
    shop.open_session("ann")


def test_cache():  # shop.py:NN in cart_of | held by the cache of shop.cart_of
    shop.cart_of("ann")


def test_copy():  # 1 created without its __init__: copied, unpickled | held by shop.LAST
    shop.LAST = copy.copy(Cart("ann"))


def test_set():  # held by shop.SEEN → an element
    shop.SEEN.add(Cart("ann"))


def test_class():  # held by shop.Registry.newest['cart']
    shop.Registry.newest = {"cart": Cart("ann")}


def test_slot():  # held by shop.SLOTTED.cart
    shop.SLOTTED = shop.Slotted()
    shop.SLOTTED.cart = Cart("ann")


def test_closure():  # test_leaky.py:NN in test_closure | held by shop.CALLBACK.__closure__[0].cell_contents
    cart = Cart("ann")
    shop.CALLBACK = lambda: cart


def test_method():  # held by shop.METHOD.__self__
    Cart.greet = lambda self: self.customer
    shop.METHOD = Cart("ann").greet


def test_generator():  # held by shop.GENERATOR.gi_frame.f_locals['cart']
    def carts():
        cart = Cart("ann")
        yield cart

    shop.GENERATOR = carts()
    next(shop.GENERATOR)


def test_exception():  # held by shop.ERROR.args[0]
    shop.ERROR = ValueError(Cart("ann"))


def test_traceback():  # held by shop.ERROR.__traceback__.tb_frame.f_locals['cart']
    def fail():
        cart = Cart("ann")
        raise ValueError("no money of %s" % cart.customer)

    try:
        fail()
    except ValueError as error:
        shop.ERROR = error.with_traceback(error.__traceback__.tb_next)


def test_thread():  # held by the variable cart of work
    going, done = threading.Event(), threading.Event()

    def work():
        cart = Cart("ann")
        going.set()
        done.wait(20)
        return cart

    threading.Thread(target=work, daemon=True).start()
    going.wait(20)
    shop.END = done


class TestInClass:
    def test_class_attribute(self):  # held by test_leaky.TestInClass.kept
        type(self).kept = Cart("ann")

    @pytest.mark.ctstats(max_alive=2, classes=[Cart])
    def test_more_than_may(self):  # 3 instances of shop.Cart are alive after the test; at most 2 may be
        for number in range(3):
            shop.checkout(number)


@pytest.fixture(scope="session")
def registry():
    return shop.REGISTRY


def test_fixture_that_is_global(registry):  # held by shop.REGISTRY.carts[
    registry.carts.append(Cart("ann"))


@pytest.fixture
def cart():
    return shop.checkout("ann")


def test_fixture(cart):  # shop.py:NN in checkout | test_leaky.py:NN in cart
    pass
