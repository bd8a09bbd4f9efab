-- Ends the impersonations under way, and forgets past ones; the audit logs know of them.
DROP TABLE public.impersonations;
