"""Pictures and masks as pixels: files, sizes, colours, filters, how alike two are."""
