"""Workflow files as /contents answers them: at any commit, and the folder that they are in."""

import base64
import hashlib

from tests.fake_github.replies import Dated, Document, RefusedError
from tests.fake_github.repository import FOLDER, Repository
from tests.fake_github.repository_answers import page_url, repository_url

LARGEST = 1_000_000  # bytes; what is larger comes without its content


def contents(repository: Repository, path: str, ref: str | None) -> Dated | list[Document]:
    """The file, or the files of the folder, at a branch, a tag or a commit."""
    files = repository.files_at(ref)
    if files is None:
        raise RefusedError(404, f"No commit found for the ref {ref}")
    at = ref or repository.default_branch
    if path in files:
        return Dated(file(repository, path, files[path], at), repository.edited_at)
    if files and path == FOLDER:
        return [entry(repository, each, text, at) for each, text in sorted(files.items())]
    raise RefusedError(404, "Not Found")


def file(repository: Repository, path: str, text: str, ref: str) -> Document:
    """A file with its content, unless that is too large."""
    content = text.encode()
    small = len(content) <= LARGEST
    return entry(repository, path, text, ref) | {
        "encoding": "base64" if small else "none",
        "content": base64.encodebytes(content).decode() if small else "",
    }


def entry(repository: Repository, path: str, text: str, ref: str) -> Document:
    """A file as its folder lists it. The download is on another host, and needs no API."""
    content = text.encode()
    url = f"{repository_url(repository)}/contents/{path}?ref={ref}"
    page = f"{page_url(repository)}/blob/{ref}/{path}"
    blob = f"blob {len(content)}\0".encode() + content
    sha = hashlib.sha1(blob, usedforsecurity=False).hexdigest()
    git = f"{repository_url(repository)}/git/blobs/{sha}"
    raw = f"https://raw.githubusercontent.com/{repository.full_name}/{ref}/{path}"
    return {
        "type": "file",
        "size": len(content),
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "url": url,
        "git_url": git,
        "html_url": page,
        "download_url": raw,
        "_links": {"self": url, "git": git, "html": page},
    }
