"""What all tables share."""

from sqlalchemy import DateTime, MetaData

metadata = MetaData()
Time = DateTime(timezone=True)
