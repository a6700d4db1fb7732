"""Runs without spaces: split into words that the articles have, if no article has the run."""

from __future__ import annotations

import pytest
from contract.library import article, load
from oracle.memory_engine import MemoryEngine

from backfile.index.engine import Request
from backfile.index.query import parse, to_text
from backfile.index.query.unspaced_runs import split_runs

TEXTS = (
    "安装数据库。管理服务器。", "安装 Docker 的数据库在这里。", "服务器管理和数据的安全。", "在本文中配置服务器。",
    "安装软件。", "如何使用港口的渡轮。", "東京都の港。夜行フェリー。", "京都の寺。", "ติดตั้ง เซิร์ฟเวอร์",
)  # fmt: skip


@pytest.mark.parametrize(
    ("query", "split"),
    [
        ("安装数据库", "安装数据库"),  # an article has it as one
        ("如何安装 Docker", "安装 Docker"),
        ("如何安裝數據庫", "安裝數據庫"),
        ("什么是数据库", "数据库"),
        ("安装服务器", "安装 服务器"),
        ("配置数据库", "配置 数据库"),
        ("港口的服务器", "港口 服务器"),
        ("港口服务器 -安装软件", "港口 服务器 -安装软件"),
        ("title:安装服务器", "title:(安装 服务器)"),
        ("港口渡轮数据", "港口 渡轮 数据"),
        ("夜行フェリー港", "夜行 フェリー 港"),
        ('"安装服务器"', '"安装服务器"'),
        ("=安装服务器", "=安装服务器"),
        ("如何", "如何"),
        ("night ferry", "night ferry"),
        ("服务", "服务"),
    ],
)
def test_runs(query: str, split: str) -> None:
    engine = MemoryEngine()
    load(engine, *(article(str(number), text, language="zh") for number, text in enumerate(TEXTS)), languages=("en",))
    found = split_runs(parse(query), lambda node: engine.search(Request(node)).total)
    assert to_text(found.tree) == to_text(parse(split).tree)
    assert bool(found.notices) == (query != split and to_text(parse(query).tree) != split)
