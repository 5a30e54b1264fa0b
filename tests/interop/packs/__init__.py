"""Node packs that the tests load, as a user would name them."""
