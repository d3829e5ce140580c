"""The schema that is read off bindings: a hand-made folder in the form that the published ones have."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path

import msgspec
import pytest

from twin2multicloud.standin.bindings import read_modules, read_wheel
from twin2multicloud.standin.schema import Block

MILL = """
function millWheelToHclTerraform(struct) {
    const attrs = {
        buckets: {
            value: cdktn.numberToHclTerraform(struct.buckets),
            isBlock: false,
            type: "simple",
            storageClassType: "number",
        },
        names: {
            value: cdktn.listMapperHcl(cdktn.stringToHclTerraform, false)(struct.names),
            isBlock: false,
            type: "set",
            storageClassType: "stringList",
        },
    };
}
class MillWheelOutputReference extends cdktn.ComplexObject {
    // buckets - computed: false, optional: false, required: true
    _buckets;
    get buckets() {
        return this.getNumberAttribute('buckets');
    }
    // names - computed: false, optional: true, required: false
    _names;
    get names() {
        return cdktn.Fn.tolist(this.getListAttribute('names'));
    }
    // speed - computed: true, optional: false, required: false
    get speed() {
        return this.getNumberAttribute('speed');
    }
}
class MillWheelList extends cdktn.ComplexList {
}
class MillTimeoutsOutputReference extends cdktn.ComplexObject {
    // create - computed: false, optional: true, required: false
    _create;
    get create() {
        return this.getStringAttribute('create');
    }
}
class MillSacksOutputReference extends cdktn.ComplexObject {
    // weight - computed: true, optional: false, required: false
    get weight() {
        return this.getNumberAttribute('weight');
    }
    // marks - computed: true, optional: false, required: false
    _marks = new cdktn.StringMap(this, "marks");
    get marks() {
        return this._marks;
    }
}
class MillSacksList extends cdktn.ComplexList {
}
class Mill extends cdktn.TerraformResource {
    static tfResourceType = "river_mill";
    constructor(scope, id, config) {
        super(scope, id, {
            terraformGeneratorMetadata: {
                providerName: 'river',
            },
        });
    }
    // id - computed: true, optional: true, required: false
    _id;
    get id() {
        return this.getStringAttribute('id');
    }
    // grinding - computed: false, optional: true, required: false
    _grinding;
    get grinding() {
        return this.getBooleanAttribute('grinding');
    }
    // labels - computed: false, optional: true, required: false
    _labels;
    get labels() {
        return this.getStringMapAttribute('labels');
    }
    // password_wo - computed: false, optional: true, required: false
    _passwordWo;
    get passwordWo() {
        return this.getStringAttribute('password_wo');
    }
    // sacks - computed: true, optional: false, required: false
    _sacks = new MillSacksList(this, "sacks", false);
    get sacks() {
        return this._sacks;
    }
    // wheel - computed: false, optional: false, required: true
    _wheel = new MillWheelList(this, "wheel", true);
    get wheel() {
        return this._wheel;
    }
    // timeouts - computed: false, optional: true, required: false
    _timeouts = new MillTimeoutsOutputReference(this, "timeouts");
    get timeouts() {
        return this._timeouts;
    }
    synthesizeHclAttributes() {
        const attrs = {
            grinding: {
                value: cdktn.booleanToHclTerraform(this._grinding),
                isBlock: false,
                type: "simple",
                storageClassType: "boolean",
            },
            labels: {
                value: cdktn.hashMapperHcl(cdktn.stringToHclTerraform)(this._labels),
                isBlock: false,
                type: "map",
                storageClassType: "stringMap",
            },
            wheel: {
                value: cdktn.listMapperHcl(millWheelToHclTerraform, true)(this._wheel.internalValue),
                isBlock: true,
                type: "set",
                storageClassType: "MillWheelList",
            },
            timeouts: {
                value: millTimeoutsToHclTerraform(this._timeouts.internalValue),
                isBlock: true,
                type: "struct",
                storageClassType: "MillTimeouts",
            },
        };
    }
}
"""

WEIR = """
class DataWeir extends cdktn.TerraformDataSource {
    static tfResourceType = "river_weir";
    // height - computed: true, optional: false, required: false
    get height() {
        return this.getNumberAttribute('height');
    }
}
"""

PROVIDER = """
function riverProviderFeaturesToHclTerraform(struct) {
    const attrs = {
        deep: {
            value: cdktn.booleanToHclTerraform(struct.deep),
            isBlock: false,
            type: "simple",
            storageClassType: "boolean",
        },
    };
}
class RiverProvider extends cdktn.TerraformProvider {
    static tfResourceType = "river";
    // features - computed: false, optional: true, required: false
    _features;
    get features() {
        return this._features;
    }
    synthesizeHclAttributes() {
        const attrs = {
            features: {
                value: cdktn.listMapperHcl(riverProviderFeaturesToHclTerraform, true)(this._features),
                isBlock: true,
                type: "list",
                storageClassType: "RiverProviderFeaturesList",
            },
        };
    }
}
"""

FOLDERS = {"mill": [MILL], "data-river-weir": [WEIR], "provider": [PROVIDER]}


def plain(block: Block) -> object:
    return msgspec.to_builtins(block)


def test_a_resource_is_read_with_its_attributes_and_blocks() -> None:
    schema = read_modules(FOLDERS, lambda _kind: True)
    assert plain(schema.resource_schemas["river_mill"].block) == {
        "attributes": {
            "id": {"type": "string", "computed": True, "optional": True},
            "grinding": {"type": "bool", "optional": True},
            "labels": {"type": ["map", "string"], "optional": True},
            "password_wo": {"type": "string", "optional": True, "write_only": True},
            "sacks": {
                "type": ["list", ["object", {"weight": "number", "marks": ["map", "string"]}]],
                "computed": True,
            },
        },
        "block_types": {
            "wheel": {
                "nesting_mode": "set",
                "min_items": 1,
                "block": {
                    "attributes": {
                        "buckets": {"type": "number", "required": True},
                        "names": {"type": ["set", "string"], "optional": True},
                        "speed": {"type": "number", "computed": True},
                    }
                },
            },
            "timeouts": {
                "nesting_mode": "single",
                "block": {"attributes": {"create": {"type": "string", "optional": True}}},
            },
        },
    }


def test_data_sources_and_the_providers_own_settings_are_read() -> None:
    schema = read_modules(FOLDERS, lambda _kind: True)
    assert plain(schema.data_source_schemas["river_weir"].block) == {
        "attributes": {"height": {"type": "number", "computed": True}}
    }
    features = {"nesting_mode": "list", "block": {"attributes": {"deep": {"type": "bool", "optional": True}}}}
    assert plain(schema.provider.block) == {"block_types": {"features": features}}


def test_only_the_wanted_types_are_read() -> None:
    schema = read_modules(FOLDERS, lambda kind: kind == "data.river_weir")
    assert set(schema.data_source_schemas) == {"river_weir"}
    assert schema.resource_schemas == {}


def test_a_provider_without_blocks_has_attributes_in_their_place() -> None:
    schema = read_modules(FOLDERS, lambda _kind: True, attributes_only=True)
    block = schema.resource_schemas["river_mill"].block
    assert block.block_types == {}
    assert block.attributes["wheel"].required
    assert block.attributes["wheel"].type == [
        "set",
        ["object", {"buckets": "number", "names": ["set", "string"], "speed": "number"}],
    ]


def test_a_structure_within_itself_ends() -> None:
    looped = MILL.replace(
        "// speed - computed: true, optional: false, required: false\n    get speed() {\n"
        "        return this.getNumberAttribute('speed');",
        "// speed - computed: true, optional: false, required: false\n"
        '    _speed = new MillWheelList(this, "speed", false);\n    get speed() {\n        return this._speed;',
    )
    assert looped != MILL
    block = read_modules({"mill": [looped]}, lambda _kind: True).resource_schemas["river_mill"].block
    assert "dynamic" not in json.dumps(plain(block))


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as package:

        def put(name: str, text: str) -> None:
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text.encode())
            package.addfile(member, io.BytesIO(text.encode()))

        put("package.json", json.dumps({"cdktn": {"provider": {"name": "hashicorp/river", "version": "1.2.3"}}}))
        put("lib/index.js", "exports.mill = require('./mill');")
        for folder, texts in FOLDERS.items():
            put(f"lib/{folder}/index.js", texts[0] + "\n//# sourceMappingURL=data:none")
    path = tmp_path / "cdktn_provider_river-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cdktn_provider_river/_jsii/provider-river@1.0.0.jsii.tgz", inner.getvalue())
    return path


def test_a_wheel_tells_its_providers_release_and_schema(wheel: Path) -> None:
    extract = read_wheel(wheel, lambda kind: kind in ("river_mill", "data.river_weir"))
    assert extract.version == "1.2.3"
    assert msgspec.to_builtins(extract.schema) == msgspec.to_builtins(read_modules(FOLDERS, lambda _kind: True))
