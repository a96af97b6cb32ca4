"""Which DICOM file is being read? It stays open, inflated, its fragments listed, for all its frames."""

from contextlib import ExitStack
from io import BufferedIOBase
from pathlib import Path
from types import TracebackType
from typing import Self

from pydicom import Dataset, dcmread

from medidense.io.dicom.container import data_set
from medidense.io.dicom.fragments import Fragments
from medidense.io.dicom.headers import Frame
from medidense.io.dicom.syntaxes import NATIVE
from medidense.io.guard import LIMITS, Limits


class OpenFile:
    """One file at a time: asking for another closes it. To be used as a context manager.

    Whoever reads many frames asks for them file by file, so that each file is opened and inflated once.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._path: Path | None = None
        self._held = ExitStack()
        self._stream: BufferedIOBase | None = None
        self._fragments: Fragments | None = None
        self._header: Dataset | None = None

    def stream(self, path: Path) -> BufferedIOBase:
        """The data set of a file, as `data_set` gives it, at any position. Raises as `data_set`."""
        if self._stream is None or path != self._path:
            self._close()
            self._stream = self._held.enter_context(data_set(path, self.limits, bare=True))
            self._path = path
        return self._stream

    def code(self, frame: Frame) -> bytes:
        """The codestream of a compressed frame. Raises as `Fragments`, `data_set`."""
        stream, pixels = self.stream(frame.path), frame.pixels
        if self._fragments is None:
            self._fragments = Fragments(stream, pixels.offset, pixels.frames)
        return self._fragments.code(frame.number)

    def header(self, frame: Frame) -> Dataset:
        """The data set of a frame's file, with its pixel data where they are plain. pydicom's errors."""
        stream = self.stream(frame.path)
        if self._header is None:
            stream.seek(0)
            self._header = dcmread(stream, force=True, stop_before_pixels=frame.syntax not in NATIVE)
        return self._header

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file, which turns an error of the system while it was read into a refusal."""
        self._held.__exit__(kind, error, trace)

    def _close(self) -> None:
        """Let go of the file before."""
        self._held.close()
        self._stream = self._fragments = self._header = None
