-- Takes the open invitations away; their links no longer work.
DROP TABLE invites;
