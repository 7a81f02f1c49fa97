"""User texts: what a user can read goes through ``tr()`` or ``trn()``, with literals whose placeholders are filled."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterable, Iterator

from .source import Finding, Source, dotted

TRANSLATORS = {"tr", "trn"}
EXEMPT = "untranslated"

# Call → the positions of its arguments that a user reads. None: all of them.
CALLS: dict[str, tuple[int, ...] | None] = {
    **dict.fromkeys(
        (
            "setText", "setWindowTitle", "setToolTip", "setStatusTip", "setWhatsThis", "setPlaceholderText", "setTitle",
            "setLabelText", "setInformativeText", "setHtml", "setPlainText", "setHeaderLabels", "setHeaderLabel",
            "setHorizontalHeaderLabels", "setVerticalHeaderLabels", "setSuffix", "setPrefix", "setSpecialValueText",
            "setAccessibleName", "setAccessibleDescription", "setNullValueText", "setCancelButtonText",
            "setButtonText", "setSubTitle", "setDialogTitle", "setMessage", "showMessage", "addItem", "addItems",
            "addRow", "addMenu", "pushMessage", "pushInfo", "pushWarning", "pushSuccess", "pushCritical",
            "createMessage", "pushFormattedMessage", "setProgressText", "reportError", "QMessageBox", "addButton",
        ),
        None,
    ),
    **dict.fromkeys(
        (
            "QLabel", "QPushButton", "QCheckBox", "QRadioButton", "QGroupBox", "QAction", "QMenu", "QDockWidget",
            "QgsDockWidget", "QgsCollapsibleGroupBox", "QgsCollapsibleGroupBoxBasic", "QTableWidgetItem",
            "QStandardItem", "QListWidgetItem", "QTreeWidgetItem", "QCommandLinkButton", "QProgressDialog",
            "QErrorMessage", "addAction",
        ),
        None,
    ),
    **dict.fromkeys(("question", "warning", "information", "critical", "about"), (1, 2)),
    **dict.fromkeys(("getOpenFileName", "getOpenFileNames", "getSaveFileName"), (1, 3)),
    "getExistingDirectory": (1,),
    **dict.fromkeys(("getText", "getItem", "getInt", "getDouble"), (1, 2)),
    "addTab": (1, 2), "insertTab": (2, 3), "setTabText": (1,), "setItemText": (1,), "setTabToolTip": (1,),
    "setHeaderData": (2,), "fromFunction": (0,),
}  # fmt: skip
# Keyword arguments of these calls and of constructors that a user reads.
KEYWORDS = {"text", "title", "description", "toolTip", "placeholderText", "windowTitle", "label"}
# What Qt and QGIS ask for to show it.
ASKED = {"displayName", "group", "shortHelpString", "shortDescription", "helpString", "longName", "windowTitle"}
ROOT_ERROR = "CityTwinError"


def is_text(node: ast.expr) -> bool:
    """Whether ``node`` is a string with words in it, written here and not translated."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and any(letter.isalpha() for letter in node.value)
    if isinstance(node, ast.JoinedStr):
        return any(is_text(part) for part in node.values if isinstance(part, ast.Constant))
    if isinstance(node, ast.BinOp):
        return is_text(node.left) or is_text(node.right)
    if isinstance(node, ast.BoolOp):
        return any(is_text(value) for value in node.values)
    if isinstance(node, ast.IfExp):
        return is_text(node.body) or is_text(node.orelse)
    if isinstance(node, (ast.List, ast.Tuple)):
        return any(is_text(item) for item in node.elts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in {"format", "join", "strip", "upper", "title", "capitalize"} and is_text(
            node.func.value
        )
    return False


def error_classes(files: Iterable[Source]) -> set[str]:
    """The names of `CityTwinError` and all classes below it, by name."""
    bases: dict[str, set[str]] = {}
    for file in files:
        for node in ast.walk(file.tree):
            if isinstance(node, ast.ClassDef):
                chains = [dotted(base) for base in node.bases]
                bases.setdefault(node.name, set()).update(chain[-1] for chain in chains if chain)
    known = {ROOT_ERROR}
    while True:
        more = {name for name, parents in bases.items() if parents & known} - known
        if not more:
            return known
        known |= more


def check_texts(files: list[Source]) -> list[Finding]:
    """All findings in ``files``; a line that bears ``# untranslated: reason`` is left alone."""
    errors = error_classes(files)
    return [finding for file in files for finding in (*_raw_texts(file, errors), *_translations(file))]


def _raw_texts(file: Source, errors: set[str]) -> Iterator[Finding]:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call):
            chain = dotted(node.func)
            name = chain[-1] if chain else node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if any(is_text(argument) for argument in _read_by_user(name, node, errors)) and not file.says(node, EXEMPT):
                yield file.finding(node, f"a text for the user outside tr(): {name}(…)")
        elif isinstance(node, ast.FunctionDef) and node.name in ASKED:
            for inner in ast.walk(node):
                answer = inner.value if isinstance(inner, ast.Return) else None
                if answer is not None and is_text(answer) and not file.says(answer, EXEMPT):
                    yield file.finding(inner, f"a text for the user outside tr(): {node.name}()")


def _read_by_user(name: str, call: ast.Call, errors: set[str]) -> list[ast.expr]:
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in errors:
        return [*call.args[:1], *([keywords["message"]] if "message" in keywords else [])]
    if name.startswith(("QgsProcessingParameter", "QgsProcessingOutput")):
        return [*call.args[1:2], *([keywords["description"]] if "description" in keywords else [])]
    if name in CALLS:
        positions = CALLS[name]
        chosen = call.args if positions is None else [call.args[i] for i in positions if i < len(call.args)]
        return [*chosen, *(value for key, value in keywords.items() if key in KEYWORDS)]
    return []


def _translations(file: Source) -> Iterator[Finding]:
    inside: set[ast.AST] = set()
    quoted: set[ast.AST] = set()
    for node in ast.walk(file.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inside.update(part for statement in node.body for part in ast.walk(statement))
        elif isinstance(node, ast.Lambda):
            inside.update(ast.walk(node.body))
        elif isinstance(node, ast.JoinedStr):
            quoted.update(ast.walk(node))
    for node in ast.walk(file.tree):
        chain = dotted(node.func) if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Call) and chain and chain[-1] in TRANSLATORS:
            if node not in inside:
                yield file.finding(node, f"{chain[-1]}() outside a function: translated before the language is known")
            if node in quoted:
                yield file.finding(node, f"{chain[-1]}() in an f-string: the catalogue does not get it")
            yield from _one_translation(file, node, chain[-1])


def _one_translation(file: Source, call: ast.Call, name: str) -> Iterator[Finding]:
    count = 1 if name == "tr" else 2
    texts = [arg.value for arg in call.args[:count] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if len(texts) < count:
        yield file.finding(call, f"{name}() takes string literals only: they are the keys of the catalogue")
        return
    if name == "tr" and len(call.args) > 1:
        yield file.finding(call, "tr() takes its values by name")
    if any(keyword.arg is None for keyword in call.keywords):
        return  # **values: known at run time only
    given = {str(keyword.arg) for keyword in call.keywords}
    if name == "trn":
        given.add("n")
    try:
        wanted = set().union(*map(placeholders, texts)) if given or name == "trn" else placeholders(texts[0])
    except ValueError as error:
        yield file.finding(call, f"{name}(): {error}")
        return
    optional = {"n"} if name == "trn" else set()
    if missing := wanted - given:
        yield file.finding(call, f"{name}(): no value for {', '.join(f'{{{item}}}' for item in sorted(missing))}")
    if spare := given - wanted - optional:
        yield file.finding(call, f"{name}(): no place for {', '.join(sorted(spare))}")


def placeholders(text: str) -> set[str]:
    """The names in braces in ``text``. ValueError where the braces are wrong or a place has no name."""
    names = set()
    for _, field, _, _ in string.Formatter().parse(text):
        if field is not None:
            name = field.replace("[", ".").split(".")[0]
            if not name.isidentifier():
                raise ValueError(f"a placeholder without a name: {{{field}}}")
            names.add(name)
    return names
