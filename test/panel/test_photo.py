"""Of a photo only the picture is kept: what a camera writes beside it is gone, the pixels stay."""

import base64
import contextlib
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrc_cell.adapters.panel.photo import SIZE_MAX, stripped

SECRET = b"GPS 20.99N 105.5E, owner An, 2026"
DRAW = """kind => new Promise(done => {
  const canvas = document.createElement('canvas');
  canvas.width = 40; canvas.height = 24;
  const pen = canvas.getContext('2d');
  pen.fillStyle = 'rgb(200, 30, 60)'; pen.fillRect(0, 0, 40, 24);
  pen.fillStyle = 'rgb(10, 160, 90)'; pen.fillRect(20, 0, 20, 24);
  canvas.toBlob(blob => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(',')[1]);
    reader.readAsDataURL(blob);
  }, `image/${kind}`, 0.9);
})"""
SHOW = """([kind, text]) => fetch(`data:image/${kind};base64,${text}`)
  .then(reply => reply.blob()).then(createImageBitmap).then(picture => {
    const canvas = document.createElement('canvas');
    canvas.width = picture.width; canvas.height = picture.height;
    const pen = canvas.getContext('2d');
    pen.drawImage(picture, 0, 0);
    return [picture.width, picture.height, ...pen.getImageData(5, 5, 1, 1).data,
            ...pen.getImageData(35, 5, 1, 1).data];
  })"""


@pytest.fixture(scope="module")
def paper(browser):
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture(scope="module")
def pictures(paper):
    """Return pictures as a real browser makes them, by kind."""
    return {kind: base64.b64decode(paper.evaluate(DRAW, kind)) for kind in ("jpeg", "png", "webp")}


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def chunk(kind, body):
    crc = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def riff(kind, body):
    return struct.pack("<4sI", kind, len(body)) + body + b"\0" * (len(body) % 2)


def with_secrets(kind, data):
    """Return a picture with all that a camera may write beside it."""
    if kind == "jpeg":
        beside = (
            segment(0xE1, b"Exif\0\0" + SECRET) + segment(0xE1, b"xap" + SECRET)
            + segment(0xED, SECRET) + segment(0xEE, SECRET) + segment(0xFE, SECRET)
        )  # fmt: skip
        return data[:2] + beside + data[2:] + data + SECRET  # and a second picture behind it
    if kind == "png":
        end = data.index(b"IEND") - 4
        first = data.index(b"IHDR") + 4 + 13 + 4
        beside = chunk(b"tEXt", b"c\0" + SECRET) + chunk(b"eXIf", SECRET) + chunk(b"iTXt", SECRET)
        return data[:first] + beside + data[first:end] + beside + data[end:] + SECRET
    inside = data[data.index(b"VP8 ") :]  # without what the browser puts before it
    flags = riff(b"VP8X", struct.pack("<I", 0x2C) + b"\x27\0\0\x17\0\0")
    body = b"WEBP" + flags + riff(b"ICCP", SECRET) + inside + riff(b"EXIF", SECRET)
    body += riff(b"XMP ", SECRET)
    return struct.pack("<4sI", b"RIFF", len(body)) + body + SECRET


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_what_a_camera_writes_beside_is_gone_and_the_browser_shows_the_same(paper, pictures, kind):
    data = pictures[kind]
    loaded = with_secrets(kind, data)
    assert SECRET in loaded
    said, picture = stripped(loaded)
    assert said == kind
    assert b"owner" not in picture and b"Exif" not in picture and b"EXIF" not in picture
    seen = [paper.evaluate(SHOW, [kind, base64.b64encode(one).decode()]) for one in (data, picture)]
    assert seen[0] == seen[1]
    assert seen[0][:2] == [40, 24]
    assert stripped(picture) == (kind, picture), "once is enough"


@settings(max_examples=300)
@given(st.data())
def test_a_broken_picture_is_refused_or_stripped_and_never_a_crash(pictures, data):
    kind = data.draw(st.sampled_from(sorted(pictures)))
    whole = bytearray(with_secrets(kind, pictures[kind]))
    if data.draw(st.booleans()):
        del whole[data.draw(st.integers(0, len(whole) - 1)) :]
    for _ in range(data.draw(st.integers(0, 3))):
        if whole:
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        said, picture = stripped(bytes(whole))
        assert said in pictures
        assert len(picture) <= len(whole)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "photo_kind"),
        (b"GIF89a" + b"\0" * 50, "photo_kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "photo_kind"),
        (b"\xff\xd8\xff\xd9", "photo_damaged"),
        (b"\xff\xd8\xff\xda\0\x02abc", "photo_damaged"),
        (b"RIFF\x04\0\0\0WEBP", "photo_damaged"),
        (b"\xff\xd8\xff" + b"\0" * SIZE_MAX, "photo_too_large"),
    ],
)
def test_what_is_no_photo_is_refused_with_a_reason(data, why):
    with pytest.raises(ValueError, match=why):
        stripped(data)
