-- The worked example of a domain.
CREATE TABLE projects (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT projects_name_key UNIQUE,
    description text NOT NULL,
    owner_id uuid NOT NULL CONSTRAINT projects_owner_fkey REFERENCES users (id),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE INDEX projects_owner ON projects (owner_id);
