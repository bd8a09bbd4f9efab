-- The tenant's feature flags.
CREATE TABLE features (
    id uuid PRIMARY KEY,
    key text NOT NULL CONSTRAINT features_key_key UNIQUE,
    description text NOT NULL,
    type text NOT NULL
        CONSTRAINT features_type_known CHECK (type IN ('boolean', 'string', 'number', 'json')),
    enabled boolean NOT NULL,
    default_value jsonb NOT NULL,
    enabled_value jsonb NOT NULL,
    -- Percent of the subjects that get enabled_value where no rule says otherwise.
    rollout numeric(6, 3) NOT NULL
        CONSTRAINT features_rollout_percent CHECK (rollout BETWEEN 0 AND 100),
    -- [{"conditions": [{"attribute", "operator", "value"}], "rollout", "value"}], tried in order.
    rules jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
