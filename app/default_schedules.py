"""The schedules of the football operation: what runs by itself once an operator asks for the usual ones."""

from store.schedules import NewSchedule

UTC = "UTC"

DEFAULTS = (
    NewSchedule("training", "model_training", cron="0 2 * * sun", time_zone=UTC),
    # What comes in changes the features: the run over all leagues ingests first.
    NewSchedule("league-run", "quick_data_refresh", cron="0 */6 * * *", time_zone=UTC),
    NewSchedule(
        "predictions",
        "prediction_generation",
        {"horizon_hours": 48},
        cron="20 * * * *",
        time_zone=UTC,
        misfire="skip",
    ),
    NewSchedule("line-ups", "lineup_update", cron="*/15 * * * *", time_zone=UTC, misfire="skip"),
    NewSchedule("settlement", "settlement", cron="*/30 * * * *", time_zone=UTC),
    NewSchedule("clean-up", "cleanup", cron="30 3 * * *", time_zone=UTC),
)
