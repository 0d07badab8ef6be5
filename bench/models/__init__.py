"""Every model beside the bookmakers and a peer, on matches that none of them had seen."""
