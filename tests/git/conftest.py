"""One checkout for all tests of this folder, made once, and a copy of it for each."""

import pytest

from tests.git.site import SECRETS, Site, outside_settings


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The checkout with a kept plan; nobody has touched it since."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        outside_settings(patch, folder / "home")
        site = Site(folder).found()
        assert site.make_plan() == 0
    return site


@pytest.fixture
def site(made, tmp_path, monkeypatch):
    """A copy of it, with secrets in the environment that no child may see."""
    outside_settings(monkeypatch, tmp_path / "home")
    for name, value in SECRETS.items():
        if value:
            monkeypatch.setenv(name, value)
    return made.copy_to(tmp_path)
