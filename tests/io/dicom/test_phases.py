from dataclasses import replace

import numpy as np
import pytest

from medidense.io.dicom import scan_file
from medidense.io.dicom.phases import days, phases_of, seconds
from tests.io.dicom.scanners import image, write


@pytest.fixture
def frame(tmp_path):
    (one,) = scan_file(next(write(tmp_path / "a", [image(0, 0.0)]).iterdir()))
    return one


PLACES = np.array([0, 0, 1, 1])


@pytest.mark.parametrize(
    ("marks", "ranks"),
    [
        ({"TriggerTime": (30, 0, 2, 31)}, [1, 0, 0, 1]),
        ({"TriggerTime": (30, 30, 2, 31)}, None),
        ({"TriggerTime": (30, "", 2, 31)}, None),
        ({"TriggerTime": (0, 30, 2, 31), "InstanceNumber": (4, 3, 2, 1)}, [0, 1, 0, 1]),
        ({"InstanceNumber": (9, 2, 10, 3)}, [1, 0, 1, 0]),
        ({"InstanceNumber": (1, 4, 5, 9)}, [0, 1, 0, 1]),
        ({"InstanceNumber": (1, 3, 2, 4)}, [0, 1, 0, 1]),
        ({"InstanceNumber": (1, 4, 2, 3)}, [0, 1, 0, 1]),
        ({"InstanceNumber": (1, 3, 4, 2)}, [0, 1, 1, 0]),
        ({"ContentTime": ("1200", "1201", "1202", "1203")}, None),
        ({"ContentTime": ("120001", "120003", "120002", "120004")}, [0, 1, 0, 1]),
        ({"InstanceNumber": (1, 3, 2, 4), "AcquisitionNumber": (3, 1, 4, 2)}, None),
    ],
)
def test_the_order_at_every_position(frame, marks, ranks):
    images = [
        replace(frame, marks=tuple((name, str(values[n])) for name, values in marks.items()))
        for n in range(4)
    ]
    order = phases_of(images, PLACES)
    assert (None if order is None else order.ranks.tolist()) == ranks


def test_positions_of_unequal_number(frame):
    assert phases_of([frame] * 3, np.array([0, 0, 1])) is None
    assert phases_of([frame] * 3, np.array([0, 1, 2])).count == 1


def test_times_and_days():
    assert seconds("235959.999999") == pytest.approx(86399.999999)
    assert np.isnan(seconds(""))
    assert np.isnan(seconds("12000"))
    assert days("20200301") - days("2020.02.28") == 2
    assert days("") == 0
