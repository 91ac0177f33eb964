"""Google's own message definitions, as far as the tests hold requests and answers against them.

`python tests/kit/google_messages.py v26` writes tests/data/google_ads.binpb.gz from Google's package.
That is ten times the size of ours and so not installed: `pip install google-ads` into an environment of its own first.
"""

from __future__ import annotations

import gzip
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

KEPT = Path(__file__).parents[1] / "data" / "google_ads.binpb.gz"
DEFINED = (  # folder, file, a message in it
    ("errors", "errors", "GoogleAdsFailure"),
    ("services", "google_ads_service", "GoogleAdsRow"),
    ("services", "customer_service", "ListAccessibleCustomersResponse"),
    ("services", "campaign_budget_service", "MutateCampaignBudgetsRequest"),
    ("services", "campaign_service", "MutateCampaignsRequest"),
    ("services", "ad_group_service", "MutateAdGroupsRequest"),
    ("services", "ad_group_ad_service", "MutateAdGroupAdsRequest"),
    ("services", "asset_group_service", "MutateAssetGroupsRequest"),
)


class Messages:
    """The messages of one version of Google's API, by their place: services.GoogleAdsRow."""

    def __init__(self, version: str) -> None:
        self._package, self._pool = f"google.ads.googleads.{version}", descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(gzip.decompress(KEPT.read_bytes())).file:
            self._pool.Add(file)

    def empty(self, name: str) -> Any:
        """An empty message. KeyError: there is none."""
        return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(f"{self._package}.{name}"))()


def write(version: str) -> None:
    """The files that define the messages, owners before what needs them."""
    kept: dict[str, descriptor_pb2.FileDescriptorProto] = {}

    def add(file: Any) -> None:
        for needed in file.dependencies:
            add(needed)
        if file.name not in kept:
            kept[file.name] = descriptor_pb2.FileDescriptorProto()
            file.CopyToProto(kept[file.name])

    for folder, file, message in DEFINED:
        module = import_module(f"google.ads.googleads.{version}.{folder}.types.{file}")
        add(getattr(module, message).pb().DESCRIPTOR.file)
    packed = descriptor_pb2.FileDescriptorSet(file=list(kept.values())).SerializeToString()
    KEPT.write_bytes(gzip.compress(packed, 9, mtime=0))


if __name__ == "__main__":
    write(sys.argv[1])
