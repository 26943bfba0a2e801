-- What was handed on is forgotten after a while, event by event.
create index event_delivery_by_event on event_delivery (event_id);
