import numpy as np
import pytest

from medidense.io.dicom import vendors
from medidense.io.dicom.elements import WANTED, Elements
from medidense.io.dicom.items import Coding


def found(little=True, **elements):
    stored = {int(name[1:], 16): (b"UN", value) for name, value in elements.items()}
    return Elements(stored, dict.fromkeys(stored, 0), Coding(implicit=False, order="<" if little else ">"))


def test_a_scan_keeps_the_private_elements():
    assert set(vendors.TAGS) <= set(WANTED.values())


@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_in_either_byte_order(order):
    little = order == "<"
    assert vendors.b_value(found(little, t00651009=np.array([750.0], order + "f8").tobytes())) == "750"
    gradient = np.array([0.25, -0.5, 1], order + "f8").tobytes()
    assert vendors.gradient(found(little, t0019100E=gradient)) == r"0.25\-0.5\1"
    assert vendors.component(found(little, t0043102F=np.array([1], order + "i2").tobytes())) == "PHASE"


@pytest.mark.parametrize("value", [b"", b"123", b"1234567", np.array([np.nan]).tobytes(), b"\xff" * 8])
def test_broken_elements_say_nothing(value):
    assert vendors.b_value(found(t00651009=value)) == ""
    assert vendors.gradient(found(t0019100E=value, t001910BB=value)) == ""
    assert vendors.tiles(found(t00651050=b"\xff\xfe"), "") == 0


def test_a_negative_number_is_no_component():
    assert vendors.component(found(t0043102F=b"\xff\xff")) == ""
    assert vendors.component(found(t0043102F=b"\x04\x00")) == ""


def test_tiles_count_under_their_makers_name_alone():
    assert vendors.tiles(found(t0019100A=b"\x23\x00", t00190010=b"SIEMENS MR HEADER"), "SIEMENS") == 35
    assert vendors.tiles(found(t0019100A=b"\x23\x00"), "SIEMENS") == 0
    assert vendors.tiles(found(t00651050=b"20"), "UIH") == 20
    assert vendors.tiles(found(), "UIH") == vendors.UNSAID
