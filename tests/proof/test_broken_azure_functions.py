"""Azure broken: functions, what they are told, what starts them. Exactly that is found, and nothing else."""

from __future__ import annotations

import pytest

from tests.deployer.applied.made import Worlds
from tests.proof.editing import Mutant, add, clone, drop, put
from tests.proof.edits_azure import APP, CONFIG, FLEX, config, setting, told
from twin2multicloud.deployer.proof import Rule, as_text

MUTANTS = (
    # Functions
    Mutant(
        "a function is gone",
        "azure",
        drop(APP, 'function["history"]'),
        (Rule.FUNCTIONS, Rule.IDENTITY),
        "L3-hot",
    ),
    Mutant(
        "a function twice",
        "azure",
        clone(
            APP, 'function["history"]', 'module.slot.module.more["history"].azurerm_linux_function_app.consumption[0]'
        ),
        (Rule.FUNCTIONS, Rule.IDENTITY),
        "history",
    ),
    Mutant(
        "an app of somebody else",
        "azure",
        add("L2", "azurerm_linux_web_app.shop", "azurerm_linux_web_app"),
        (Rule.CODE,),
        "shop",
    ),
    Mutant(
        "a package that is gone",
        "azure",
        drop("azurerm_storage_blob", 'function["history"]'),
        (Rule.PACKAGE,),
        "history",
    ),
    Mutant(
        "a package that was replaced by hand",
        "azure",
        setting('function["history"]', "WEBSITE_RUN_FROM_PACKAGE", "https://elsewhere.example.com/app.zip"),
        (Rule.PACKAGE,),
        "history",
    ),
    Mutant(
        "the package of another version, on Flex Consumption",
        "spread-1",
        drop("azurerm_storage_container", 'function["process"]'),
        (Rule.PACKAGE, Rule.RIGHT_EXCESS),
        "process",
    ),
    Mutant(
        "too little memory",
        "spread-1",
        put(FLEX, "process", instance_memory_in_mb=128),
        (Rule.SIZE,),
        "process",
    ),
    # What functions are told
    Mutant("settings without the twin's", "azure", setting("actions", CONFIG, None), (Rule.ENVIRONMENT,), "actions"),
    Mutant("settings that are no JSON", "azure", setting("actions", CONFIG, "{"), (Rule.ENVIRONMENT,), "actions"),
    Mutant("a field that is none", "azure", config("actions", cosmos_uri="x"), (Rule.ENVIRONMENT,), "actions"),
    Mutant("another twin", "azure", config("actions", twin="another"), (Rule.ENVIRONMENT,), "actions"),
    Mutant("another role", "azure", told("actions", role="process"), (Rule.ENVIRONMENT,), "actions"),
    Mutant("another edge", "spread-1", told("persist-sender", edge="to-cool"), (Rule.ENVIRONMENT,), "persist-sender"),
    Mutant("other shards", "azure", told("to-cool-mover", shards=99), (Rule.ENVIRONMENT,), "to-cool-mover"),
    Mutant(
        "the identity of nobody",
        "azure",
        setting("actions", "AZURE_CLIENT_ID", "00000000-0000-0000-0000-000000000001"),
        (Rule.ENVIRONMENT,),
        "actions",
    ),
    Mutant(
        "a connection string",
        "azure",
        setting("actions", "AzureWebJobsStorage", "DefaultEndpointsProtocol=https;AccountName=x"),
        (Rule.ENVIRONMENT,),
        "actions",
    ),
    Mutant(
        "a store that is not there",
        "azure",
        config('function["history"]', hot_url="https://smart-home-old.documents.azure.com:443/"),
        (Rule.NAMES,),
        "history",
    ),
    Mutant(
        "a topic that is not there",
        "azure",
        config("process", topics={"alerts": "https://x.example.com/api/events", "errors": "https://x.example.com/api"}),
        (Rule.NAMES, Rule.NAMES),
        "process",
    ),
    Mutant(
        "no endpoint of the twin graph",
        "azure",
        config('function["twin-state"]', digital_twins_url=None),
        (Rule.LACKING,),
        "twin-state",
    ),
    Mutant(
        "the vault without need",
        "azure",
        config("to-cool-mover", vault_url="https://smarthomek3x9fwesteurope.vault.azure.net/"),
        (Rule.SUPERFLUOUS,),
        "to-cool-mover",
    ),
    Mutant("a setting that nobody reads", "azure", setting("actions", "DEBUG", "1"), (Rule.SUPERFLUOUS,), "actions"),
    # What starts them
    Mutant(
        "a queue that is not there",
        "azure",
        told("actions", queue="action"),
        (Rule.TRIGGER_SOURCE,),
        "actions",
    ),
    Mutant(
        "the queue of another",
        "spread-1",
        told("persist-sender", queue="twin-updates-outbox"),
        (Rule.TRIGGER_SOURCE,),
        "process",
    ),
    Mutant("no queue and no hub", "azure", told("process", queue="", hub=False), (Rule.TRIGGERS,), "process"),
    Mutant(
        "a hub that is not there",
        "azure",
        setting("process", "T2M_HUB_NAME", "smart-home-old-hub"),
        (Rule.TRIGGER_SOURCE,),
        "process",
    ),
    Mutant(
        "a consumer group that the hub does not have",
        "azure",
        drop("azurerm_iothub_consumer_group"),
        (Rule.TRIGGER_RIGHT,),
        "process",
    ),
    Mutant(
        "no connection to the hub",
        "azure",
        setting("process", "T2M_HUB", None),
        (Rule.TRIGGER_RIGHT,),
        "process",
    ),
    Mutant(
        "a connection to the hub that is no secret of ours",
        "azure",
        setting("process", "T2M_HUB", "@Microsoft.KeyVault(SecretUri=https://other.vault.azure.net/secrets/hub/)"),
        (Rule.TRIGGER_RIGHT,),
        "process",
    ),
    Mutant("an app that is off", "azure", put(APP, "process", enabled=False), (Rule.HELD,), "process"),
    Mutant(
        "an app that is on while its slot is held",
        "spread-1:held",
        put(FLEX, "process", enabled=True),
        (Rule.HELD,),
        "process",
    ),
    Mutant(
        "a mover once a day",
        "azure",
        told("to-cool-mover", schedule="0 0 0 * * *"),
        (Rule.BATCHING,),
        "to-cool-mover",
    ),
    Mutant(
        "a schedule of what has none",
        "azure",
        told("actions", role="move", edge="to-cool", queue=""),
        (Rule.ENVIRONMENT, Rule.ENVIRONMENT, Rule.TRIGGERS, Rule.TRIGGERS),
        "actions",
    ),
    Mutant(
        "a hub that routes elsewhere",
        "azure",
        put("azurerm_iothub", "", fallback_route__endpoint_names=["elsewhere"]),
        (Rule.ROUTES,),
        "iothub",
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_is_broken_is_found_and_nothing_else(worlds: Worlds, mutant: Mutant) -> None:
    found = mutant.findings(worlds(mutant.world))

    assert sorted(each.rule for each in found) == sorted(mutant.rules), as_text(found)
    assert all(mutant.at in str(each.where) for each in found), as_text(found)
