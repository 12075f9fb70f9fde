#!/bin/sh
# In the image, as the command plinth: the command line that was bundled for it.
exec node "${0%/*}/../cli/main.js" "$@"
