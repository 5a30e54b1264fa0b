"""How the embedded model was made: data generator, training, judging and export.

Nothing here is imported by the application. Run the modules from the root of the checkout, for example
``python -m models.mini.training.train_transformer --help``.
"""
