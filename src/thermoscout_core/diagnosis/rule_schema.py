"""The JSON schema of rule files, made of the models that read them."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from thermoscout_core.diagnosis.rules import KnowledgeBase, Name, Rule

SCHEMA = "config/schema/rules.schema.json"


def _partial(model: type[BaseModel], name: str, **instead: Any) -> type[BaseModel]:
    """The model with every field left to choice, but for those given instead."""
    fields: dict[str, Any] = {}
    for key, field in model.model_fields.items():
        kind: Any = field.annotation
        for said in field.metadata:
            kind = Annotated[kind, said]
        fields[key] = (kind | None, Field(default=None, description=field.description))
    config = ConfigDict(extra="forbid")
    return create_model(name, __config__=config, __doc__=model.__doc__, **(fields | instead))


def rules_schema() -> str:
    """The JSON schema of rule files, as config/schema/rules.schema.json holds it: a whole set, or
    a file that extends others and so may leave out what they say."""
    change = _partial(Rule, "RuleChange", id=(Name, ...))
    site = _partial(
        KnowledgeBase,
        "SiteRules",
        id=(Name, Field(description="Another one than the extended set's.")),
        extends=(
            Name | list[Name],
            Field(description="Shipped sets or files; the first one's word counts."),
        ),
        without=(list[Name], Field(default=[], description="Rules that don't hold here.")),
        rules=(list[change], Field(default=[])),  # type: ignore[valid-type]
    )
    kinds: Any = KnowledgeBase | site
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Thermoscout rule set",
        **TypeAdapter(kinds).json_schema(),
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
