"""In the real QGIS: a field review is prepared, walked through in its own project, and comes home to be decided."""

from __future__ import annotations

from qgis.core import QgsProject
from qgis.PyQt.QtGui import QDesktopServices

from plugin.review import plain


def test_a_field_review_goes_out_and_comes_home(
    check_out, city_twin, iface, screenshot, wait_until, tmp_path, monkeypatch
):
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _url: True)
    office = check_out("pilots", "districts", "buildings", "trees")
    window = city_twin.window
    desk, page = window.review, window.review.page
    window.actions["review"].trigger()
    wait_until(lambda: page.path and not desk.book.busy)
    assert page.empty.isVisible()
    screenshot("review-empty")

    window.actions["prepare_review"].trigger()
    dialog, made = desk.dialog, []
    dialog.made.connect(made.append)
    dialog.form.folder.setFilePath(str(tmp_path))
    dialog.form.area.combo.setCurrentIndex(1)
    wait_until(dialog.form.area.ready)
    dialog.form.todo.setCurrentIndex(dialog.form.todo.findData("pilots"))
    screenshot("review-prepare")
    dialog.go()
    wait_until(lambda: made, 60)

    QgsProject.instance().clear()
    assert iface.addProject(str(made[0].folder / "review.qgz"))
    window.show_review()
    walk = page.walk
    wait_until(lambda: walk.isVisible() and not desk.book.busy, 20)
    walk.zoom()
    walk.confirm_button.click()
    wait_until(lambda: walk.presenter.done >= 1)
    walk.note()
    walk.form.words.setPlainText("Not as drawn")
    walk.form.save_button.click()
    wait_until(lambda: len(desk.book.notes(page.path)) == 2)
    screenshot("review-walk")

    QgsProject.instance().clear()
    from city_twin_workbench.map import layers
    from city_twin_workbench.workcopy.copy import WorkingCopy

    layers.add_copy(WorkingCopy.open(office))
    wait_until(lambda: page.path == str(office) and not desk.book.busy, 20)
    window.actions["merge_review"].trigger()
    dialog = desk.dialog
    dialog.add([made[0].zip, made[0].folder])
    dialog.merge_button.click()
    wait_until(lambda: len(page.model.notes) == 2 and not dialog.presenter.running, 40)
    dialog.reject()
    wait_until(lambda: desk.book.layer(page.path, "reviews") is not None)
    note = next(note for note in page.model.notes if note.item.text)
    page.list.choose(note.key)
    page.actions.actions["accept"].trigger()
    wait_until(lambda: desk.book.note(page.path, note.key).item.status == "accepted")
    screenshot("review-triage")
    assert {item.status for item in plain.read(office).items} == {"open", "accepted"}
    QgsProject.instance().clear()
