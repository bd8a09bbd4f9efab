-- Takes the feature flags away, and what tenants put into them.
DROP TABLE features;
