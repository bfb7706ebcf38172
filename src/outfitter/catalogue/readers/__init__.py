"""One file per family of feed formats: `READERS` by name, and `format_of` for a feed whose format nobody named."""

# Importing a reader registers it.
from outfitter.catalogue.readers import google, google_xml, parquet, plain, shopify  # noqa: F401
from outfitter.catalogue.readers.detect import format_of
from outfitter.catalogue.readers.source import KNOWN, OPTIONAL, READERS, Record, Source

__all__ = ["KNOWN", "OPTIONAL", "READERS", "Record", "Source", "format_of"]
