"""What a file says about itself: metadata, signatures, encoder, and the history that they tell."""

from unseam.provenance.document import provenance_document
from unseam.provenance.history import History
from unseam.provenance.leads import Forgery, Lead
from unseam.provenance.provenance import Provenance, read_provenance

__all__ = ["Forgery", "History", "Lead", "Provenance", "provenance_document", "read_provenance"]
