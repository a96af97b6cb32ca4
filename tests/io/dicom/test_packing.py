import json

from medidense.io.dicom import scan_file
from medidense.io.dicom.packing import pack, unpack


def there_and_back(path):
    scanned = scan_file(path)
    kind, series, facts = pack(scanned)
    return scanned, unpack(path, kind, series, json.loads(json.dumps(facts)))


def test_what_is_packed_is_unpacked(series, slices, enhance, tmp_path):
    file = sorted(series.iterdir())[0]
    for path in (file, enhance(slices(series))):
        scanned, back = there_and_back(path)
        assert isinstance(scanned, tuple)
        assert back == scanned
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(file.read_bytes()[:-9])
    (tmp_path / "text").write_text("x")
    for path in (cut, tmp_path / "text"):
        scanned, back = there_and_back(path)
        assert back == scanned
