"""SCIM 2.0: users and groups as identity providers send them."""
