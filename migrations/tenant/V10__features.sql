-- The tenant's feature flags.
CREATE TABLE features (
    id uuid PRIMARY KEY,
    key text NOT NULL
        CONSTRAINT features_key_key UNIQUE
        CONSTRAINT features_key_shape CHECK (key ~ '^[a-z][a-z0-9_.-]{0,99}$'),
    description text NOT NULL,
    type text NOT NULL
        CONSTRAINT features_type_known CHECK (type IN ('boolean', 'string', 'number', 'json')),
    enabled boolean NOT NULL,
    default_value jsonb NOT NULL,
    enabled_value jsonb NOT NULL,
    -- How many of the 100,000 buckets get enabled_value where no rule says otherwise: thousandths of a percent.
    rollout integer NOT NULL
        CONSTRAINT features_rollout_buckets CHECK (rollout BETWEEN 0 AND 100000),
    -- [{"conditions": [{"attribute", "operator", "value"}], "rollout" in percent, "value"}], tried in order.
    rules jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
