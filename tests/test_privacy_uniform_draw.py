"""The range, the distribution and the arguments of the uniform draw."""

from __future__ import annotations

import math

import numpy as np
import pytest

from classifier.privacy.uniform_draw import stream_seed, uniform_draw


def test_a_draw_lies_in_the_unit_interval_and_depends_on_seed_purpose_and_id():
    draws = [
        uniform_draw(seed, purpose, str(number))
        for seed in (0, 1)
        for purpose in ("flip", "report")
        for number in range(500)
    ]
    assert 0 <= min(draws) < 0.01
    assert 0.99 < max(draws) < 1
    assert len(set(draws)) == 2000
    assert np.mean(draws) == pytest.approx(0.5, abs=4 * math.sqrt(1 / 12 / 2000))


def test_draws_are_uniform_and_independent_across_purposes():
    draws = np.array(
        [
            [uniform_draw(0, purpose, str(number)) for number in range(4000)]
            for purpose in ("sampling", "report")
        ]
    )
    assert np.histogram(draws[0], bins=4, range=(0, 1))[0] == pytest.approx(1000, abs=120)
    assert abs(np.corrcoef(draws)[0, 1]) < 0.05


def test_the_draw_of_an_id_is_fixed():
    # By hand: the first eight bytes of blake2b("0:sampling:a1"), over 2 to the 64th.
    assert uniform_draw(0, "sampling", "a1") == 0x53F258C6260A9E5E / 2**64


def test_streams_of_two_seeds_or_two_purposes_share_no_draw():
    streams = [
        {stream_seed(seed, purpose, number) for number in range(1000)}
        for seed in (0, 1)
        for purpose in ("shadow", "noise")
    ]
    assert len(set.union(*streams)) == 4000
    assert all(min(stream) >= 0 and max(stream) < 2**32 for stream in streams)
