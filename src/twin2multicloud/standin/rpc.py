"""A provider's answers as messages of the plugin protocol, and the gRPC server that gives them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc  # type: ignore[import-untyped]

from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.standin.checks import Problem
from twin2multicloud.standin.protocol import ERROR, MESSAGES, NESTING
from twin2multicloud.standin.provider import Provider
from twin2multicloud.standin.schema import Attribute, Block, Schema
from twin2multicloud.standin.values import State, Step, decode, encode

Message = Any
"""A message; its class is built when `protocol` is imported, so no type checker knows its fields."""

WORKERS: Final = 32
"""Calls answered at once: Terraform makes ten by default, and several of its runs may share a server."""


def _steps(steps: Iterable[Step]) -> Message:
    return MESSAGES["AttributePath"](
        steps=[
            MESSAGES["Step"](element_key_int=step) if isinstance(step, int) else MESSAGES["Step"](attribute_name=step)
            for step in steps
        ]
    )


def _diagnostics(problems: Iterable[Problem]) -> list[Message]:
    return [
        MESSAGES["Diagnostic"](
            severity=ERROR,
            summary=problem.summary,
            detail=problem.detail,
            attribute=_steps(problem.steps) if problem.steps else None,
        )
        for problem in problems
    ]


def _value(message: Message) -> Any:
    return json.loads(message.json) if message.json else decode(message.msgpack)


def _dynamic(value: State | None) -> Message:
    return MESSAGES["DynamicValue"](msgpack=encode(value))


def _attribute(name: str, attribute: Attribute, secret: bool) -> Message:
    return MESSAGES["Attribute"](
        name=name,
        type=json.dumps(attribute.cty).encode(),
        required=attribute.required,
        optional=attribute.optional,
        computed=attribute.computed,
        sensitive=attribute.sensitive or secret,
        write_only=attribute.write_only,
    )


def _block(block: Block, secrets: frozenset[str], prefix: str = "") -> Message:
    return MESSAGES["Block"](
        attributes=[_attribute(name, a, prefix + name in secrets) for name, a in sorted(block.attributes.items())],
        block_types=[
            MESSAGES["NestedBlock"](
                type_name=name,
                block=_block(nested.block, secrets, f"{prefix}{name}."),
                nesting=NESTING[nested.nesting_mode],
                min_items=nested.min_items,
                max_items=nested.max_items,
            )
            for name, nested in sorted(block.block_types.items())
        ],
    )


def _schema_message(provider: Provider) -> Message:
    """All schemas of a provider, as Terraform asks for them."""

    def by_type(schemas: dict[str, Schema], *, data: bool) -> list[Message]:
        return [
            MESSAGES["SchemaByType"](
                key=kind,
                value=MESSAGES["Schema"](
                    version=schema.version,
                    block=_block(schema.block, provider.secrets(kind, data=data)),
                ),
            )
            for kind, schema in sorted(schemas.items())
        ]

    schema = provider.schema
    secrets = frozenset(provider.rules(provider.name).sensitive)
    return MESSAGES["GetProviderSchema"](
        provider=MESSAGES["Schema"](block=_block(schema.provider.block, secrets)),
        resource_schemas=by_type(schema.resource_schemas, data=False),
        data_source_schemas=by_type(schema.data_source_schemas, data=True),
        server_capabilities=MESSAGES["Capabilities"](get_provider_schema_optional=True),
    )


class _Answers:
    """Answers one caller of the protocol. Every method is named as its call, see `_CALLS`, and takes its message."""

    def __init__(self, provider: Provider, schema: Message) -> None:
        self._provider = provider
        self._schema = schema

    def get_provider_schema(self, _request: Message) -> Message:
        return self._schema

    def validate_provider_config(self, _request: Message) -> Message:
        return MESSAGES["ProviderDiagnostics"]()

    def configure_provider(self, request: Message) -> Message:
        return MESSAGES["Diagnostics"](diagnostics=_diagnostics(self._provider.configure(_value(request.config))))

    def validate_resource_config(self, request: Message) -> Message:
        problems = self._provider.validate(request.type_name, _value(request.config))
        return MESSAGES["Diagnostics"](diagnostics=_diagnostics(problems))

    def validate_data_resource_config(self, request: Message) -> Message:
        problems = self._provider.validate(request.type_name, _value(request.config), data=True)
        return MESSAGES["Diagnostics"](diagnostics=_diagnostics(problems))

    def upgrade_resource_state(self, request: Message) -> Message:
        state = self._provider.upgrade(request.type_name, json.loads(request.raw_state.json))
        return MESSAGES["StateAndDiagnostics"](state=_dynamic(state))

    def read_resource(self, request: Message) -> Message:
        read = self._provider.read(request.type_name, _value(request.current_state))
        return MESSAGES["ReadResourceResponse"](
            new_state=_dynamic(read.state), diagnostics=_diagnostics(read.problems), private=request.private
        )

    def plan_resource_change(self, request: Message) -> Message:
        planned = self._provider.plan(
            request.type_name, _value(request.prior_state), _value(request.proposed_new_state)
        )
        return MESSAGES["PlanResourceChangeResponse"](
            planned_state=_dynamic(planned.state),
            requires_replace=[_steps([name]) for name in planned.replaced_by],
            legacy_type_system=True,
        )

    def apply_resource_change(self, request: Message) -> Message:
        applied = self._provider.apply(request.type_name, _value(request.prior_state), _value(request.planned_state))
        return MESSAGES["ApplyResourceChangeResponse"](
            new_state=_dynamic(applied.state), diagnostics=_diagnostics(applied.problems), legacy_type_system=True
        )

    def import_resource_state(self, request: Message) -> Message:
        found = self._provider.import_(request.type_name, request.id)
        objects = [MESSAGES["ImportedResource"](type_name=request.type_name, state=_dynamic(found.state))]
        return MESSAGES["ImportResourceStateResponse"](
            imported_resources=objects if found.state is not None else [], diagnostics=_diagnostics(found.problems)
        )

    def read_data_source(self, request: Message) -> Message:
        read = self._provider.read_data(request.type_name, _value(request.config))
        return MESSAGES["StateAndDiagnostics"](state=_dynamic(read.state), diagnostics=_diagnostics(read.problems))

    def stop_provider(self, _request: Message) -> Message:
        self._provider.stop()
        return MESSAGES["StopProviderResponse"]()


_CALLS: Final = {
    "GetProviderSchema": (_Answers.get_provider_schema, "Empty", "GetProviderSchema"),
    "ValidateProviderConfig": (_Answers.validate_provider_config, "ValidateProviderConfig", "ProviderDiagnostics"),
    "ConfigureProvider": (_Answers.configure_provider, "ConfigureProvider", "Diagnostics"),
    "ValidateResourceConfig": (_Answers.validate_resource_config, "TypeAndConfig", "Diagnostics"),
    "ValidateDataResourceConfig": (_Answers.validate_data_resource_config, "TypeAndConfig", "Diagnostics"),
    "UpgradeResourceState": (_Answers.upgrade_resource_state, "UpgradeResourceState", "StateAndDiagnostics"),
    "ReadResource": (_Answers.read_resource, "ReadResource", "ReadResourceResponse"),
    "PlanResourceChange": (_Answers.plan_resource_change, "PlanResourceChange", "PlanResourceChangeResponse"),
    "ApplyResourceChange": (_Answers.apply_resource_change, "ApplyResourceChange", "ApplyResourceChangeResponse"),
    "ImportResourceState": (_Answers.import_resource_state, "ImportResourceState", "ImportResourceStateResponse"),
    "ReadDataSource": (_Answers.read_data_source, "TypeAndConfig", "StateAndDiagnostics"),
    "StopProvider": (_Answers.stop_provider, "Empty", "StopProviderResponse"),
}
"""Per call of the protocol: who answers it, and the messages that it takes and gives."""


class Service:
    """Serves a provider to any number of callers, each with a configuration of its own."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._schema = _schema_message(provider)  # each run of Terraform asks for it, so it is made once
        self._callers: dict[str, _Answers] = {}
        self._lock = threading.Lock()

    def answers(self, caller: str) -> _Answers:
        """Who answers a caller: always the same."""
        with self._lock:
            if caller not in self._callers:
                self._callers[caller] = _Answers(self._provider.another(), self._schema)
            return self._callers[caller]

    def forget(self, caller: str) -> None:
        """A caller has gone."""
        with self._lock:
            self._callers.pop(caller, None)

    def start(
        self,
        address: str,
        credentials: grpc.ServerCredentials | None = None,
        shutdown: Callable[[], None] = lambda: None,
    ) -> grpc.Server:
        """Serve at an address such as `unix:/tmp/x`; `shutdown` is called when Terraform tells the server to end."""
        empty = MESSAGES["Empty"]

        def end(_request: Message, _context: grpc.ServicerContext) -> Message:
            shutdown()
            return empty()

        server = grpc.server(
            ThreadPoolExecutor(WORKERS, thread_name_prefix=f"standin-{self._provider.name}"),
            options=[("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)],
        )
        calls = {name: self._handler(*call) for name, call in _CALLS.items()}
        goodbye = grpc.unary_unary_rpc_method_handler(
            end, request_deserializer=empty.FromString, response_serializer=empty.SerializeToString
        )
        output = grpc.unary_stream_rpc_method_handler(
            _no_output, request_deserializer=empty.FromString, response_serializer=empty.SerializeToString
        )
        server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler("tfplugin6.Provider", calls),
                grpc.method_handlers_generic_handler("plugin.GRPCController", {"Shutdown": goodbye}),
                grpc.method_handlers_generic_handler("plugin.GRPCStdio", {"StreamStdio": output}),
            )
        )
        bound = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
        if not bound:
            raise OSError(f"cannot listen at {address}")
        server.start()
        return server

    def _handler(self, answer: Callable[[_Answers, Message], Message], takes: str, gives: str) -> grpc.RpcMethodHandler:
        def call(request: Message, context: grpc.ServicerContext) -> Message:
            try:
                return answer(self.answers(context.peer()), request)
            except Twin2MultiCloudError as error:  # a world or a scenario that a person wrote wrongly
                if "diagnostics" not in MESSAGES[gives].DESCRIPTOR.fields_by_name:
                    context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
                return MESSAGES[gives](diagnostics=_diagnostics([Problem(str(error))]))

        return grpc.unary_unary_rpc_method_handler(
            call,
            request_deserializer=MESSAGES[takes].FromString,
            response_serializer=MESSAGES[gives].SerializeToString,
        )


def _no_output(_request: Message, _context: grpc.ServicerContext) -> Iterator[Message]:
    return iter(())  # go-plugin asks for what a plugin prints; ours prints nothing
