import pytest

from medidense.io.guarded.free import free_memory

KIB = 1 << 10


@pytest.fixture
def system(tmp_path):
    """A machine with 1000 KiB free, and the folder of its control groups."""
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 4000 kB\nMemAvailable:   1000 kB\n")
    return tmp_path / "proc", tmp_path / "groups"


def group(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def test_without_groups_it_is_what_the_machine_has_free(system):
    assert free_memory(*system) == 1000 * KIB


def test_the_narrowest_group_of_version_two_counts(system):
    proc, groups = system
    (proc / "self" / "cgroup").write_text("0::/outer/inner\n")
    group(groups / "outer" / "inner", {"memory.max": "max\n", "memory.current": "5\n"})
    stat = "anon 5\ninactive_file 50\n"
    group(groups / "outer", {"memory.max": "1000\n", "memory.current": "900\n", "memory.stat": stat})
    assert free_memory(proc, groups) == 150


def test_groups_of_version_one(system):
    proc, groups = system
    (proc / "self" / "cgroup").write_text("4:cpu:/x\n3:memory:/x\n")
    stat = "inactive_file 1\ntotal_inactive_file 20\n"
    files = {"memory.limit_in_bytes": "500\n", "memory.usage_in_bytes": "450\n", "memory.stat": stat}
    group(groups / "memory" / "x", files)
    assert free_memory(proc, groups) == 70


def test_a_group_over_its_limit_leaves_nothing(system):
    proc, groups = system
    (proc / "self" / "cgroup").write_text("0::/\n")
    group(groups, {"memory.max": "100\n", "memory.current": "900\n"})
    assert free_memory(proc, groups) == 0


def test_where_the_system_does_not_tell_it_is_all_there_is(tmp_path):
    assert free_memory(tmp_path, tmp_path) > 1 << 27


def test_this_machine_has_some():
    assert 0 < free_memory() <= free_memory.__globals__["_physical"]()
