"""Passwords: what trying one costs, and what fits."""

from argon2 import PasswordHasher
from argon2.profiles import RFC_9106_LOW_MEMORY

from review.passwords import fits, hashed, is_stale


def test_the_product_hashes_at_the_cost_that_is_advised(hasher_of_the_product: PasswordHasher) -> None:
    cost = hasher_of_the_product
    assert cost.memory_cost >= RFC_9106_LOW_MEMORY.memory_cost
    assert cost.time_cost >= RFC_9106_LOW_MEMORY.time_cost


def test_a_password_fits_its_own_hash_alone(hasher_of_the_product: PasswordHasher) -> None:
    stored = hashed("four plain little words")
    assert fits(stored, "four plain little words")
    assert not fits(stored, "four plain little word")
    assert not fits(None, "nobody's password")
    assert not fits("no hash", "four plain little words")
    assert not is_stale(stored)
    assert is_stale(hasher_of_the_product.hash("the cost of another day"))
