"""Sources, destinations and rules from their tables, as far as nothing is wrong with them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from relay import render
from relay.config.check import check, sound
from relay.config.environ import Unresolved
from relay.config.findings import Findings, Keys, did_you_mean
from relay.config.renamed import refuse_false_names, without_old_name
from relay.config.tables import NAME, Access, RuleTable, SourceTable
from relay.destinations import TYPES, Dialler, Options
from relay.destinations.dialler import FORBIDDEN
from relay.rules import OWN_RULES, Router, Rule, RuleMistakes
from relay.sources import KINDS, Kind, SourceSpec

Tables = Mapping[str, Any]


def named(document: Tables, what: str, findings: Findings) -> Iterator[tuple[str, Tables]]:
    """The tables under `[what.NAME]`, with their names."""
    for name, table in section(document, what, findings).items():
        if not NAME.fullmatch(name):
            findings.mistake((what, name), "is no name: use 1 to 64 of the characters A-Z a-z 0-9 _ -")
        elif not isinstance(table, dict):
            findings.mistake((what, name), f"must be a table: begin it with [{what}.{name}]")
        else:
            yield name, table


def section(document: Tables, what: str, findings: Findings) -> Tables:
    table = document.get(what, {})
    if isinstance(table, dict):
        return table
    findings.mistake((what,), f"must be a table: write [{what}]")
    return {}


def sources(document: Tables, findings: Findings) -> tuple[SourceSpec, ...]:
    common = section(document, "llamacloud", findings)
    access = check(Access, common, ("llamacloud",), findings)
    tables = dict(named(document, "sources", findings))
    if not document.get("sources"):
        findings.mistake(("sources",), "there is none: write at least one, such as [sources.parse]")
    built = [_of_one(name, table, access or Access(), findings) for name, table in tables.items()]
    for name, table in tables.items():
        if "api_key" not in table and "api_key" not in common:
            text = f"has no api_key: set it in [llamacloud] or in [sources.{name}]"
            findings.mistake(("sources", name), text)
    specs = tuple(chain.from_iterable(built))
    unsure = {
        name for name, table in tables.items() if access is None or _listed_by_unresolved({**common, **table})
    }
    refuse_false_names("sources", tables, findings)
    _refuse_doubles([spec for spec in specs if spec.name.partition(".")[0] not in unsure], findings)
    return specs


def _of_one(name: str, table: Tables, access: Access, findings: Findings) -> list[SourceSpec]:
    path: Keys = ("sources", name)
    source = check(SourceTable, table, path, findings)
    kinds = _kinds(name, table, path, findings)
    for kind in kinds.values():
        _fits(table, kind, path, findings)
    if source is None:
        return []
    own = {key: getattr(source, key) for key in Access.model_fields if key in source.model_fields_set}
    settings = {key: getattr(access, key) for key in Access.model_fields} | own
    settings["api_key"] = settings["api_key"] or Unresolved("")  # that there is none is told for all sources
    return [
        SourceSpec(
            name=full_name,
            kind=kind,
            query=source.query,
            since=source.since,
            include=frozenset(source.include),
            stuck_after=source.stuck_after,
            signing_secret=source.signing_secret,
            renamed_from=_old_name(source.renamed_from, full_name, name),
            **settings,
        )
        for full_name, kind in kinds.items()
    ]


def _old_name(renamed_from: str | None, full_name: str, name: str) -> str | None:
    """Of a list of kinds, each was known under the old name with its kind."""
    return renamed_from and renamed_from + full_name.removeprefix(name)


def _kinds(name: str, table: Tables, path: Keys, findings: Findings) -> dict[str, Kind]:
    """The kinds by the names of their sources. A value of the wrong type was told of already."""
    wanted = table.get("kind", name)
    words = {(*path, "kind"): wanted} if isinstance(wanted, str) else {}
    if isinstance(wanted, list):
        words = {(*path, "kind", index): word for index, word in enumerate(wanted)}
    found = {}
    for place, word in words.items():
        if isinstance(word, str) and word in KINDS:
            found[name if isinstance(wanted, str) else f"{name}.{word}"] = KINDS[word]
        elif isinstance(word, str):
            findings.mistake(place if "kind" in table else path, _unknown_kind(word, place, table, findings))
    return found


def _unknown_kind(word: str, place: Keys, table: Tables, findings: Findings) -> str:
    if "kind" not in table:
        return f"has a name that is no kind, so it needs one: set kind to one of {', '.join(KINDS)}"
    hint = f"known are {', '.join(KINDS)}" if place in findings.origins else did_you_mean(word, list(KINDS))
    return f"{findings.shown(place, word)} is no kind of source: {hint}"


def _fits(table: Tables, kind: Kind, path: Keys, findings: Findings) -> None:
    """Whether the endpoint has what is asked for. Values of the wrong type were told of already."""
    query, include = table.get("query"), table.get("include")
    for key, value in query.items() if isinstance(query, dict) else ():
        place = (*path, "query", key)
        if key not in kind.filters:
            known = ", ".join(sorted(kind.filters)) or "none"
            findings.mistake(place, f"is no parameter that can be set for {kind.name}: it has {known}")
        elif isinstance(value, list) and key not in kind.array_filters:
            findings.mistake(place, f"takes one value for {kind.name}: write a text, not a list")
    for index, name in enumerate(include if isinstance(include, list) else ()):
        if isinstance(name, str) and name not in kind.left_out:
            place = (*path, "include", index)
            known = ", ".join(sorted(kind.left_out))
            shown = findings.shown(place, name)
            findings.mistake(place, f"{shown} is nothing that {kind.name} leaves out: that is {known}")


def _refuse_doubles(specs: list[SourceSpec], findings: Findings) -> None:
    """Two sources of one list would double each event. Without a project the key decides what is listed."""
    first: dict[tuple[str, object], str] = {}
    for spec in specs:
        same = first.setdefault((spec.identity(), spec.project_id or spec.api_key), spec.name)
        if same != spec.name:
            text = f"lists the same jobs as {same}, so each event would come twice: leave one out"
            findings.mistake(("sources", spec.name.partition(".")[0]), text)


def _listed_by_unresolved(table: Tables) -> bool:
    return any(place != ("api_key",) for place in _unresolved(table, ()))


def destinations(
    document: Tables, findings: Findings, *, folder: Path | None, listen: tuple[str, int] | None
) -> dict[str, Options]:
    """`folder`: where relative paths start; None where no file is to be looked at."""
    built = {}
    for name, table in named(document, "destinations", findings):
        path: Keys = ("destinations", name)
        if (options := _options(without_old_name(table), path, findings, {"folder": folder})) is not None:
            built[name] = options
            for key, text in options.mistakes() if folder else ():
                findings.mistake((*path, key), text)
            _refuse_forbidden(options, path, listen, findings)
            for key, text in options.warnings():
                findings.warning((*path, key), text)
    return built


def _refuse_forbidden(
    options: Options, path: Keys, listen: tuple[str, int] | None, findings: Findings
) -> None:
    dialler = Dialler(options.deny, listen)
    for key, host, port in options.dials():
        if why := dialler.mistake(host, port):
            text = f"is a {FORBIDDEN} ({why}), which relay never dials: set another"
            findings.mistake((*path, key), text)


def _options(table: Tables, path: Keys, findings: Findings, context: Tables) -> Options | None:
    wanted = table.get("type")
    place = (*path, "type")
    known = ", ".join(TYPES)
    if isinstance(wanted, Unresolved):
        return None
    if isinstance(wanted, str) and wanted in TYPES:
        return sound(TYPES[wanted].options, table, path, findings, context)
    if isinstance(wanted, str):
        findings.mistake(
            place, f"{findings.shown(place, wanted)} is no type of destination: known are {known}"
        )
    else:
        findings.mistake(place, f"must say what it is: set it to one of {known}")
    return None


def rules(document: Tables, findings: Findings) -> tuple[tuple[Rule, ...], Router]:
    built = []
    for name, written in named(document, "rules", findings):
        path, table = ("rules", name), without_old_name(written)
        if name in OWN_RULES:
            findings.mistake(path, f"is the name of relay's own rule for {OWN_RULES[name]}: take another")
        resolved = {key: ["*"] for key in ("on", "to") if key in table} | (_resolved(table) or {})
        rule = check(RuleTable, resolved, path, findings)
        built.append(_rule(name, rule) if rule else _conditions_alone(name, resolved))
        refuse_dangling(table.get("to"), (*path, "to"), document, findings)
        _refuse_templates(resolved, path, findings)
    try:
        return tuple(built), Router(built)
    except RuleMistakes as error:
        for name, where, text in error.mistakes:
            findings.mistake(_place(document, ("rules", name, *where)), text, quotes=True)
        return (), Router(())


def _rule(name: str, table: RuleTable) -> Rule:
    values = {
        key: getattr(table, key) for key in RuleTable.model_fields if key not in {"on", "to", "group_by"}
    }
    by = tuple(table.group_by) if isinstance(table.group_by, list) else table.group_by
    return Rule(name=name, on=tuple(table.on), to=tuple(table.to), group_by=by, **values)


def _refuse_templates(table: Tables, path: Keys, findings: Findings) -> None:
    """Values of the wrong type were told of already."""
    title, body = (text if isinstance(text := table.get(key), str) else None for key in ("title", "body"))
    for key, text in render.check(title, body):
        findings.mistake((*path, key), text, quotes=True)


def _conditions_alone(name: str, table: Tables) -> Rule:
    """Of a rule that is refused, what else may be wrong with it."""
    conditions = {key: table[key] for key in ("match", "unless") if isinstance(table.get(key), dict)}
    return Rule(name=name, on=("*",), to=(), **conditions)


def _resolved(value: Any) -> Any:
    """Without what is not resolved, and what is empty without it: None where nothing is left."""
    if isinstance(value, Unresolved):
        return None
    if isinstance(value, dict):
        kept = {key: left for key, item in value.items() if (left := _resolved(item)) is not None}
        return kept if kept or not value else None
    if isinstance(value, list):
        left = [left for item in value if (left := _resolved(item)) is not None]
        return left if left or not value else None
    return value


def _unresolved(value: Any, path: Keys) -> Iterator[Keys]:
    if isinstance(value, Unresolved):
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _unresolved(item, (*path, key))


def refuse_groups(rules: Sequence[Rule], built: Mapping[str, Options], findings: Findings) -> None:
    """Of destinations to which each event goes by itself."""
    for rule in rules:
        alone = [name for name in rule.to if name in built and not built[name].can_group]
        if alone and isinstance(rule.group_by, tuple):
            text = f"can't be for {alone[0]}, whose format has one event a message: set it to false"
            findings.mistake(("rules", rule.name, "group_by"), text)


def refuse_dangling(to: Any, path: Keys, document: Tables, findings: Findings) -> None:
    """`to`: a name of a destination, or a list of names."""
    known = list(section(document, "destinations", Findings()))
    names = {(*path, index): name for index, name in enumerate(to)} if isinstance(to, list) else {path: to}
    for place, name in names.items():
        if isinstance(name, str) and name and name not in known:
            hint = did_you_mean(name, known) if known and place not in findings.origins else "write its table"
            findings.mistake(place, f"{findings.shown(place, name)} is no destination: {hint}")


def _place(document: Tables, where: tuple[str, ...]) -> Keys:
    """The path of a rule's mistake, in which `job.tier` may be a key, or a key in a table."""
    place: Keys = ()
    table: Any = document
    for key in where:
        parts = [key] if isinstance(table, dict) and key in table else key.split(".")
        for part in parts:
            place = (*place, part)
            table = table.get(part) if isinstance(table, dict) else None
    return place
