"""A program that forgets to forget."""

import functools


class Cart:
    def __init__(self, customer):
        self.customer = customer


class GiftCart(Cart):
    pass


class Registry:
    def __init__(self):
        self.carts = []


class Slotted:
    __slots__ = ("cart",)


REGISTRY = Registry()
SESSIONS = {}
SEEN = set()
LAST = None


def checkout(customer):
    cart = Cart(customer)
    REGISTRY.carts.append(cart)
    return cart


def open_session(customer):
    SESSIONS[customer] = {"carts": [GiftCart(customer)]}


@functools.lru_cache(maxsize=None)
def cart_of(customer):
    return Cart(customer)
