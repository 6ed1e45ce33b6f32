"""The typed values of the Helm chart, and the files that follow from them."""
