"""The load of the campaign: people who use the product and write down what they were told."""
