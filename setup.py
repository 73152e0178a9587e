"""The ament_python package hrc_cell."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
DATA = ("config", "launch", "urdf", "sim")


def data_files():
    """Return what is installed to share/hrc_cell, folder by folder."""
    files = [
        ("share/ament_index/resource_index/packages", ["resource/hrc_cell"]),
        ("share/hrc_cell", ["package.xml"]),
    ]
    for top in DATA:
        for folder in sorted({f.parent for f in (HERE / top).rglob("*") if f.is_file()}):
            if "__pycache__" in folder.parts:
                continue
            inside = sorted(str(f.relative_to(HERE)) for f in folder.iterdir() if f.is_file())
            files.append((f"share/hrc_cell/{folder.relative_to(HERE)}", inside))
    return files


NODES = (
    "human_tracker", "markers", "motion_executor", "motor_bus", "operator_panel", "recorder",
    "safety_monitor", "sim_cell", "task_manager",
)  # fmt: skip

setup(
    name="hrc_cell",
    version="0.1.0",
    description="A collaborative robot cell that keeps a person in the loop",
    license="Apache-2.0",
    maintainer="hrc_cell maintainers",
    maintainer_email="maintainers@hrc-cell.invalid",
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={
        "hrc_cell": [
            "adapters/panel/static/**/*",
            "adapters/panel/locales/**/*",
            "adapters/report/*.css",
        ]
    },
    data_files=data_files(),
    python_requires=">=3.10",
    install_requires=["setuptools"],
    entry_points={
        "console_scripts": [
            "hrc-cell = hrc_cell.cli.main:main",
            *(f"{node} = hrc_cell.nodes.{node}:main" for node in NODES),
        ]
    },
)
