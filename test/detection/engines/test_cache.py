"""The cache of engines: whole or not there, found by key, refused by name. The plans are bytes of
no engine."""

import hashlib
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from thermoscout_core.detection.engines.cache import EngineCache, EngineRecord, default_folder
from thermoscout_core.detection.engines.key import Environment, profile_shapes
from thermoscout_core.detection.engines.options import BuildOptions
from thermoscout_core.errors import ConfigurationError, EngineError

PLAN = b"no engine, but bytes"


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines")


@pytest.fixture
def kept(cache: EngineCache, record: EngineRecord) -> EngineRecord:
    return keep(cache, record)


def keep(cache: EngineCache, record: EngineRecord) -> EngineRecord:
    whole = record.model_copy(update={"plan_sha256": hashlib.sha256(PLAN).hexdigest()})
    with cache.lock(whole.key.digest()):
        cache.store(whole, PLAN, b"test")
    return whole


def with_key(record: EngineRecord, **changed: Any) -> EngineRecord:
    return record.model_copy(update={"key": record.key.model_copy(update=changed)})


def test_an_engine_is_found_by_its_file_and_this_machine(
    cache: EngineCache, kept: EngineRecord, model: Path
) -> None:
    found = cache.find(model, kept.key.model_sha256, kept.key.environment)
    assert found == kept
    assert cache.read_plan(found) == PLAN
    assert cache.test_path(found).read_bytes() == b"test"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"version": "10.7.0"}, r"TensorRT 10\.3\.0 → 10\.7\.0"),
        (
            {"gpu": "Xavier", "compute_capability": "7.2"},
            "GPU Orin → Xavier, compute .* 8.7 → 7.2",
        ),
        ({"library": "tensorrt_rtx"}, "library tensorrt → tensorrt_rtx"),
    ],
)
def test_a_stale_engine_is_refused_with_what_changed_and_the_command(
    cache: EngineCache, kept: EngineRecord, model: Path, changed: dict[str, str], told: str
) -> None:
    present = kept.key.environment.model_copy(update=changed)
    with pytest.raises(EngineError, match=f"stale: {told}; .*thermoscout engine build {model}"):
        cache.find(model, kept.key.model_sha256, present)


def test_a_changed_file_and_an_unknown_one_are_refused(
    cache: EngineCache, kept: EngineRecord, model: Path
) -> None:
    with pytest.raises(EngineError, match="the file has changed since its engine of 2026-11-21"):
        cache.find(model, "0" * 64, kept.key.environment)
    with pytest.raises(EngineError, match=r"other\.onnx: there is no engine for it"):
        cache.find(Path("other.onnx"), "0" * 64, kept.key.environment)


def test_of_several_builds_the_newest_is_taken(
    cache: EngineCache, kept: EngineRecord, model: Path
) -> None:
    newer = with_key(kept, flags=("workspace=256MiB", "level=5"))
    newer = keep(cache, newer.model_copy(update={"built": "2026-11-22T08:00:00+00:00"}))
    assert len(cache.records()) == 2
    assert cache.find(model, kept.key.model_sha256, kept.key.environment) == newer


def test_an_older_build_that_is_asked_for_again_is_the_one_that_runs(
    cache: EngineCache, kept: EngineRecord, model: Path
) -> None:
    other = with_key(kept, flags=("workspace=256MiB", "level=5"))
    keep(cache, other.model_copy(update={"built": "2026-11-21T23:59:59+00:00"}))
    renewed = cache.renew(kept)
    assert renewed.key == kept.key and renewed.built == kept.built
    assert cache.find(model, kept.key.model_sha256, kept.key.environment) == renewed
    cache.plan_path(kept).unlink()
    with pytest.raises(EngineError, match="can't be read"):
        cache.renew(kept)


def test_an_engine_for_several_capabilities_serves_each_and_no_other() -> None:
    built = Environment(
        library="tensorrt_rtx", version="1.7", gpu="any", compute_capability="8.6+8.9"
    )
    assert built.serves(built.model_copy(update={"compute_capability": "8.9"}))
    assert not built.serves(built.model_copy(update={"compute_capability": "7.5"}))
    assert not built.serves(
        built.model_copy(update={"compute_capability": "8.9", "version": "1.8"})
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"model_sha256": "1" * 64},
        {"precision": "int8"},
        {"shapes": {"images": ((1, 3, 300, 300), (1, 3, 300, 300), (4, 3, 300, 300))}},
        {"flags": ("workspace=1024MiB", "level=3", "dla=0")},
    ],
)
def test_everything_that_an_engine_depends_on_is_in_its_key(
    record: EngineRecord, changed: dict[str, Any]
) -> None:
    assert with_key(record, **changed).key.digest() != record.key.digest()


def test_a_damaged_plan_is_refused(cache: EngineCache, kept: EngineRecord) -> None:
    cache.plan_path(kept).write_bytes(PLAN[:-1])
    with pytest.raises(EngineError, match=r"damaged .*build it again"):
        cache.read_plan(kept)
    cache.plan_path(kept).unlink()
    with pytest.raises(EngineError, match="can't be read"):
        cache.read_plan(kept)


def test_a_record_that_is_no_record_is_passed_over(cache: EngineCache, kept: EngineRecord) -> None:
    (cache.folder / "broken.json").write_text('{"name": ')
    assert cache.records() == [kept]


def test_a_plan_without_a_record_is_not_served(
    cache: EngineCache, record: EngineRecord, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills up, or the power goes, between the plan and its record."""
    from thermoscout_core.detection.engines import cache as module

    write = module.write_bytes

    def full(path: Path, content: bytes) -> None:
        if path.suffix == ".json":
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(module, "write_bytes", full)
    with pytest.raises(EngineError, match=r"can't be written: .*No space left"):
        keep(cache, record)
    with pytest.raises(EngineError, match="there is no engine for it"):
        cache.find(model, record.key.model_sha256, record.key.environment)


HOLD = """
import sys
from pathlib import Path
from thermoscout_core.detection.engines.cache import EngineCache
with EngineCache(Path(sys.argv[1])).lock("0123456789abcdef"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_process_waits_for_the_lock(cache: EngineCache) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(cache.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdin is not None and other.stdout is not None
        assert other.stdout.readline() == "held\n"
        order = []

        def take() -> None:
            with cache.lock("0123456789abcdef"):
                order.append("taken")

        waiting = threading.Thread(target=take)
        waiting.start()
        waiting.join(0.5)
        order.append("released")
        other.stdin.write("\n")
        other.stdin.flush()
        waiting.join(60)
    assert order == ["released", "taken"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cache = EngineCache(tmp_path / "file" / "engines")
    with (
        pytest.raises(EngineError, match=r"can't keep engines here.*THERMOSCOUT_ENGINES"),
        cache.lock("0" * 64),
    ):
        pass


def test_the_folder_is_the_users_or_the_one_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THERMOSCOUT_ENGINES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert default_folder() == Path("/caches/thermoscout/engines")
    monkeypatch.setenv("THERMOSCOUT_ENGINES", "/data/engines")
    assert default_folder() == Path("/data/engines")


def test_free_batches_become_the_shapes_of_the_options() -> None:
    shapes = profile_shapes({"images": (None, 3, 96, 96)}, BuildOptions(batch=(1, 2, 4)))
    assert shapes == {"images": ((1, 3, 96, 96), (2, 3, 96, 96), (4, 3, 96, 96))}


@pytest.mark.parametrize(
    "wrong", [{"batch": (2, 1, 4)}, {"batch": (0, 1, 1)}, {"workspace_mib": 0}, {"level": 6}]
)
def test_options_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        BuildOptions(**wrong)
