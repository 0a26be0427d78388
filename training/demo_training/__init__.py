"""How the embedded demo model is made: data, fine-tune, evaluation, packing. Not part of the wheel."""
