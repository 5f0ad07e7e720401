-- How the files of a plan differ, for people; made when their evidence was kept, null before.
alter table restore_plan add column comparisons text;
