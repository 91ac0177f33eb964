"""HTTP beside the pages; web_app lists what is served."""
