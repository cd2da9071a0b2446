"""Tests that leave nothing behind, in ways that a check could take for a leak."""

import asyncio
import copy
import gc
import pickle
import sys
import threading
import time
import unittest
import warnings
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import pytest
from shop import MANAGER, Cart, CartWarning, GiftCart, Order, Refusing, Slotted, Ticket, in_thread, log

pytestmark = pytest.mark.ctstats(classes=[Cart, GiftCart, Order, Ticket, Slotted, Refusing])


def test_locals():
    carts = [Cart(number) for number in range(10)]
    assert len(carts) == 10 and Cart(1) == Cart(1)


def test_cycle():
    a, b = Cart(), Cart()
    a.other, b.other = b, a


def test_fixtures(cart, finalized, shop_of_session):
    assert cart.itself is cart and finalized.items == []


def test_fixture_of_module_changes(shop_of_module):
    shop_of_module.carts = [Cart("left in the fixture")]


def test_fixture_of_module_grows(shop_of_module):
    shop_of_module.carts.append(GiftCart("left in the fixture"))


def test_fixture_of_module_with_parameters(cart_of_module):
    assert cart_of_module.customer in "ab"


def test_fixture_that_is_asked_for_late(request):
    assert request.getfixturevalue("late").customer == "late"


def test_import_in_a_test():
    sys.modules.pop("singleton", None)
    import singleton

    assert singleton.HOUSE.customer == "house"


def test_expected_exception():
    with pytest.raises(ValueError, match="no money") as caught:
        cart = Cart("poor")
        raise ValueError("no money", cart)
    assert caught.value.args[1].customer == "poor"


def test_constructor_that_raises():
    for _ in range(3):
        with pytest.raises(ValueError):
            Refusing()


def test_caught_exception():
    try:
        cart = Cart()
        raise KeyError(cart)
    except KeyError as error:
        kept = error
    assert kept.__traceback__ is not None


def test_log(caplog):
    log.warning("cart %s", Cart("logged"))
    assert caplog.records[0].args[0].customer == "logged"


@pytest.fixture
def logging_at_the_end():
    yield
    log.warning("closed %s", Cart("logged in teardown"))


def test_log_in_teardown(logging_at_the_end):
    pass


def test_warning():
    warnings.warn(CartWarning(Cart("warned")))


def test_recorded_warning(recwarn):
    warnings.warn(CartWarning(Cart("warned")))
    assert len(recwarn) == 1


def test_printed(capsys):
    print(Cart("printed"))
    assert "Cart" in capsys.readouterr().out


def test_monkeypatch(monkeypatch):
    monkeypatch.setattr(MANAGER, "items", [Cart("patched")])
    monkeypatch.setattr(Cart, "default_items", (Cart("patched"),))


def test_mock():
    with mock.patch("shop.log") as patched:
        patched.warning(Cart("mocked"))
    assert patched.warning.call_args[0][0].customer == "mocked"


def test_mocked_constructor():
    with mock.patch.object(Cart, "__init__", return_value=None):
        assert not hasattr(Cart("nobody"), "customer")


def test_copies():
    cart = Cart("ann", [Cart("inner")])
    assert copy.deepcopy(cart) == cart and copy.copy(cart) == cart
    assert pickle.loads(pickle.dumps(cart)) == cart


def test_other_kinds():
    order = Order(1, Cart())
    assert order.number == 1 and Ticket(7).number == 7 and Slotted(order).value is order
    with pytest.raises(TypeError):
        Ticket()
    with pytest.raises(TypeError):
        Order()
    assert GiftCart("bob").paper == "red"


@pytest.mark.parametrize("cart", [Cart("parameter"), GiftCart("parameter")])
def test_parameters(cart):
    assert cart.customer == "parameter"


def test_thread():
    thread = threading.Thread(target=lambda: Cart("thread"))
    thread.start()
    thread.join()


def test_thread_that_ends_a_little_later():
    cart = Cart("thread")
    in_thread(lambda: (time.sleep(0.03), cart.items))


def test_pool():
    with ThreadPoolExecutor(2) as pool:
        assert [cart.customer for cart in pool.map(Cart, "abc")] == ["a", "b", "c"]


def test_async():
    async def work():
        await asyncio.sleep(0)
        return Cart("async")

    async def all_of_it():
        return await asyncio.gather(work(), work())

    assert len(asyncio.run(all_of_it())) == 2


def test_generator_that_is_not_finished():
    def carts():
        while True:
            yield Cart("generated")

    assert next(carts()).customer == "generated"


def test_garbage_collector_is_off():
    gc.disable()
    try:
        cart = Cart()
        cart.itself = cart
    finally:
        gc.enable()


def test_pympler():
    classtracker = pytest.importorskip("pympler.classtracker")
    tracker = classtracker.ClassTracker()
    tracker.track_class(Cart, trace=True, resolution_level=2)
    cart = Cart("tracked")
    tracker.create_snapshot("one")
    assert tracker.index and cart
    tracker.detach_all()


class TestInClass:
    def setup_class(cls):
        cls.of_class = Cart("class")

    def setup_method(self):
        self.cart = Cart("method")

    def test_attribute(self):
        self.other = [Cart("attribute"), self.cart]

    def test_second(self):
        self.other = self.of_class

    @pytest.mark.ctstats(classes=[Cart], max_alive=2)
    def test_two_may_stay(self, shop_of_session):
        type(self).kept = [Cart("kept"), Cart("kept")]


class OldTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.of_class = Cart("class")

    def setUp(self):
        self.cart = Cart("method")

    def test_attribute(self):
        self.other = GiftCart("attribute")
        with self.assertRaises(ZeroDivisionError):
            1 / len(self.cart.items)

    def test_subtests(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertEqual(Cart(number), Cart(number))


@pytest.mark.skip
def test_skipped():
    raise AssertionError


def test_skips_itself():
    pytest.skip(str(Cart("skipped")))


@pytest.mark.xfail(strict=True)
def test_that_fails_as_expected():
    cart = Cart("failing")
    assert cart == 1
