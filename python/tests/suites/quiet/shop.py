"""A program that keeps what it is to keep, and nothing else."""

import logging
import threading
import weakref
from dataclasses import dataclass


class Cart:
    default_items = ()

    def __init__(self, customer="ann", items=()):
        self.customer = customer
        self.items = list(items)

    def __eq__(self, other):
        return isinstance(other, Cart) and self.customer == other.customer

    __hash__ = None


class GiftCart(Cart):
    def __init__(self, customer="ann"):
        super().__init__(customer)
        self.paper = "red"


@dataclass(frozen=True)
class Order:
    number: int
    cart: object = None


class Ticket:
    """Takes its arguments in __new__, and has no __init__."""

    def __new__(cls, number):
        self = super().__new__(cls)
        self.number = number
        return self


class Slotted:
    __slots__ = ("__weakref__", "value")

    def __init__(self, value):
        self.value = value


class Refusing:
    def __init__(self):
        raise ValueError("not today")


class Shop:
    def __init__(self):
        self.carts = []
        self.seen = weakref.WeakSet()


class CartWarning(UserWarning):
    def __init__(self, cart):
        super().__init__("old cart")
        self.cart = cart


MANAGER = Cart("manager")
log = logging.getLogger("shop")


def in_thread(work):
    """Lets a thread work that is over soon, and does not wait for it."""
    threading.Thread(target=work, daemon=True).start()
