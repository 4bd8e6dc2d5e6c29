-- Sessions that stand between a partition and its new owner.

-- Ends sessions of earlier owners that the caller's own claim waits for; says of every session that the claim waits for who it is and
-- what became of it. The claim is one of the caller's other sessions: same name, same role, waiting now for the row of this very
-- partition. A session is ended only if it is a daemon's, which its name and the right to apply flushes say, and another process's,
-- which the token in its name says: never an operator's, whatever it holds, nor one of the commands, nor a migration.
--
-- Whoever is ended loses a flush that was under way, nothing else: it was not committed, and its partition has a new owner.
create function meterd.end_blockers(p_topic text, p_number integer, p_claimant integer)
returns table (pid integer, name text, role text, doing text, outcome text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set lock_timeout = '1s' as $$
declare
  me record;
  blocker record;
begin
  select a.application_name as name, a.usesysid, a.datid into me
    from pg_stat_activity a where a.pid = pg_backend_pid();
  perform from pg_stat_activity a
    where a.pid = p_claimant and a.application_name = me.name and a.usesysid = me.usesysid and a.datid = me.datid;
  if not found then return; end if;
  for blocker in
    select b.pid, a.application_name as name, a.usename::text as role,
      -- Shown where the owner of this function may see it.
      coalesce(a.state, 'unknown') || coalesce(format(' for %s s', extract(epoch from now() - a.state_change)::bigint), '') as doing,
      me.name ~ '^meterd [0-9a-f]{8} ' and a.application_name ~ '^meterd [0-9a-f]{8} '
        and left(a.application_name, 15) <> left(me.name, 15) and a.datid = me.datid
        and exists (
          select from pg_proc p where p.pronamespace = 'meterd'::regnamespace and p.proname = 'apply'
            and has_function_privilege(a.usesysid, p.oid, 'execute'))
        -- Who waits for a row has the first place before it, or waits for that place.
        and exists (
          select from pg_locks l join meterd.partition t on t.ctid = format('(%s,%s)', l.page, l.tuple)::tid
          where l.pid = p_claimant and l.locktype = 'tuple' and l.database = me.datid and l.relation = 'meterd.partition'::regclass
            and t.topic = p_topic and t.number = p_number) as is_stale
    from (select distinct u.pid from unnest(pg_blocking_pids(p_claimant)) as u (pid)) as b
    left join pg_stat_activity a on a.pid = b.pid
    order by b.pid
  loop
    pid := blocker.pid;
    name := coalesce(blocker.name, '');
    role := coalesce(blocker.role, '');
    doing := blocker.doing;
    outcome := 'left alone';
    if blocker.is_stale then
      begin
        outcome := case when pg_terminate_backend(blocker.pid) then 'ended' else 'gone' end;
      exception when insufficient_privilege then
        outcome := 'not permitted';
      end;
      begin
        if outcome = 'ended' then
          perform meterd.audit_append(
            substr(me.name, 17), 'session.end', p_topic || '[' || p_number || ']',
            jsonb_build_object('session', name, 'pid', pid, 'session_role', role, 'doing', doing, 'role', session_user));
        end if;
      exception when lock_not_available then
        -- Whoever holds the audit must not hold the partition by that as well; the server's log has it.
        null;
      end;
    end if;
    return next;
  end loop;
end
$$;

insert into meterd.permission (role, object, rights) values
  ('meterd_writer', 'function meterd.end_blockers', 'execute');
