"""Files to values and values to files: DICOM, NIfTI, pictures, regions, catalogues, tables."""

from medidense.io.archive import archives_kept
from medidense.io.cataloguing import catalogue, catalogued
from medidense.io.dicom import SeriesUids, alike, ras_from_lps, write_series
from medidense.io.discover import Input, Inputs, find_inputs, index_of, patient_key
from medidense.io.entries import Entries, temporary_index
from medidense.io.guarded.free import free_memory
from medidense.io.guarded.starting import environment as worker_environment
from medidense.io.index import Index
from medidense.io.nifti import write_map, write_nifti
from medidense.io.parquet import write_parquet
from medidense.io.regions import read_region
from medidense.io.tables import Row, Table, read_table, write_table
from medidense.io.volumes import read_volume

__all__ = [
    "Entries",
    "Index",
    "Input",
    "Inputs",
    "Row",
    "SeriesUids",
    "Table",
    "alike",
    "archives_kept",
    "catalogue",
    "catalogued",
    "find_inputs",
    "free_memory",
    "index_of",
    "patient_key",
    "ras_from_lps",
    "read_region",
    "read_table",
    "read_volume",
    "temporary_index",
    "worker_environment",
    "write_map",
    "write_nifti",
    "write_parquet",
    "write_series",
    "write_table",
]
