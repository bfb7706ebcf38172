"""Truth and predictions in, numbers out: no model is run and no file of a data set is read here."""
