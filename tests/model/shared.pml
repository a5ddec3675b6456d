/* Several replicas, one cap: the protocol of the TenantUsage object, as it is built. README.md says what is checked and with
 * which bounds. N objects are created, object 0 may grow G times; that they hold no more than the cap is asserted whenever
 * something is persisted.
 *
 * Time is unbounded: a tick ages everything, ages saturate. resourceVersions count the events that some view lacks; 0 is one
 * that every view has reached. An entry is a reservation: one a uid, with a number that is its request's (1: the create).
 *
 * As built, a replica judges by the newest copy that it has, which may be old. SHORT=1 drops copies as soon as they are old.
 * What is made from one fails, so that leaves out denials, which look as if the call had run out of time, and creates that
 * are let in because the old copy has their entry; both are in the runs without it.
 */

/* ---- bounds */

#ifndef N
#define N 2              /* creates, 3 at most */
#endif
#ifndef G
#define G 0              /* growths */
#endif
#ifndef CAP
#define CAP 2            /* 3 at most */
#endif
#ifndef REQ
#define REQ 1            /* ticks that a call may take */
#endif
#ifndef RES
#define RES 1            /* resources (pods, claims), each with a watch and a floor of its own; 2 at most */
#endif
#ifndef DELETES
#define DELETES 1
#endif
#ifndef SHRINKS
#define SHRINKS 0        /* of object 0 */
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef GHOSTS
#define GHOSTS 0         /* writes of unknown outcome */
#endif
#ifndef LOSSES
#define LOSSES 0         /* of the TenantUsage object */
#endif
#ifndef EDITS
#define EDITS 0          /* by somebody else */
#endif
#ifndef SAMENAME
#define SAMENAME 0       /* objects 0 and 1 have one name: at most one of them is there */
#endif
#ifndef TWICE
#define TWICE 0          /* each call comes to both replicas */
#endif
#ifndef COUNTED
#define COUNTED 0        /* assert that whoever judges counts for each object at least what it may hold; see README.md */
#endif
#ifndef SHORT
#define SHORT 0
#endif

/* ---- variants: each leaves out a rule, or part of one */

#define VIEWWINS 1       /* rule 1: what the view shows counts, not the larger amount */
#define REPLACE 2        /* rule 2: the reservation of a new create of a name takes the other one's place */
#define NORENEW 3        /* rule 3: a growth rides on what an earlier one reserved */
#define VIEWGROW 4       /* rule 3: a growth that the view shows already needs no reservation */
#define KEEPNUMBER 5     /* rule 3: it takes the earlier one's number, so that REQ doesn't begin anew */
#define SMALLER 6        /* rule 3: it takes the earlier one's place with its own amount, though that is smaller */
#define DELREL 7         /* rule 4: an admission DELETE of object 0 is taken for its end */
#define CLOCKONLY 8      /* rule 5: the clock alone proves that a create can't come */
#define EARLYGET 9       /* rule 5: by a GET that was sent before REQ had passed */
#define STALEGET 10      /* rule 5: by a GET from a cache as old as the view */
#define WAITREQ 11       /* rule 5: after REQ, not more than REQ */
#define NOCAS 12         /* rule 6: a write is not bound to what it was judged by; or, after a conflict, not judged anew */
#define EARLYSTATE 13    /* rule 6: state and floors are looked at, then the object is read again, then judged */
#define ANSWERFIRST 14   /* rule 6: the answer leaves before the write is done */
#define ASSUME 15        /* rule 7: an unknown outcome is taken for a success */
#define FORGET 16        /* rule 7: or for a failure, which holds: it only wastes */
#define GROWRIDE 17      /* rule 7: a growth of unknown outcome takes the uid's entry for its own */
#define NOFLOOR 18       /* rule 8: what the view showed leaves without a floor */
#define LASTFLOOR 19     /* rule 8: the floor is the last one's, not the highest */
#define ONEFLOOR 20      /* rule 8: claims are judged with the floor of pods alone */
#define SEEN 21          /* rule 8: a growth too leaves when the view shows the uid */
#define GROWNOFLOOR 22   /* rule 8: a growth leaves after its GET, without a floor */
#define GROWEARLY 23     /* rule 8: a growth leaves, before REQ, when a GET shows its amount */
#define OWNCLOCK 24      /* rule 8: REQ counts from when this replica proposed a growth, not from when it saw the entry */
#define RENUMBER 25      /* rule 8: what is known of numbers is kept though the series is another one */
#define LOSTEMPTY 26     /* rule 9: the object is made anew without unknown */
#define UPSERT 27        /* rule 9: a write that was sent before the loss makes the object anew, with what it had */
#define UNKNOWNEARLY 28  /* rule 9: unknown leaves at first sight */
#define EARLYLIST 29     /* rule 9: by a LIST that was sent before REQ had passed */
#define LISTNOFLOOR 30   /* rule 9: without floors */
#define LISTVIEW 31      /* rule 9: with floors from the view, or from a cache as old */
#define SAMESERIES 32    /* rule 9: a second unknown is taken for the first */
#define UNNOTICED 33     /* rule 9: an edit that nobody notices */
#ifndef VARIANT
#define VARIANT 0
#endif
#define IS(v) (VARIANT == v)

/* What must happen: that it never does is asserted. */
#define REUSE 1          /* what a deleted object held is used again */
#define RELEASE 2        /* so is what was reserved for an object that never came */
#define REGROWN 3        /* so is what a shrink freed, by a growth */
#define AFTERCRASH 4     /* a replica lets something in after its crash */
#define AFTERUNKNOWN 5   /* something is let in after the object was lost or mended */
#ifndef REACH
#define REACH 0
#endif
#define MUSTBE(what, happens) assert(REACH != what || !(happens))

#define M (N+G)          /* calls: creates, then growths of object 0 */
#define P 2              /* replicas */
#define L (2*N+G+SHRINKS)
#define BIT(i) (1<<(i))
#define each(v,n) for (v : 0 .. (n)-1)
#define TARGET(m) (((m) < N)*(m))
#define RESOURCE(o) ((o)%RES)
#define AT(r,o) ((r)*N+(o))

/* ---- the API server: calls, objects, events */

#define IDLE 0
#define WAIT 1
#define ALLOWED 2
#define OVER 3
byte api[M], left[M], amt[M];
byte real[N];            /* what an object holds; 0: it isn't there */
byte log[RES*L], end_[RES];
byte deletes, shrinks, crashes, ghosts, losses, edits;
#define EVENT(o,amount,first) ((o) | (amount)<<2 | (first)<<4)   /* amount 0: gone */
#define OBJECT(event) ((event) & 3)

/* ---- the TenantUsage object */

typedef usage {
  byte entry[N];         /* by uid; 0: none */
  byte floor[RES];
  bool unknown;          /* with a series that was never used before */
  bool damaged;          /* its digest is not that of its content */
  bool missing
};
usage tu;
#define ENTRY(number,amount) ((number)<<2 | (amount))
#define NUMBER(entry) ((entry)>>2)
#define AMOUNT(entry) ((entry) & 3)
#define NUMBER_OF(m) (1+((m) >= N)*(1+(m)-N))
#define IS_GROWTH(entry) (NUMBER(entry) > 1)

/* ---- replicas */

byte work[P];            /* calls that they answer */
byte new[P];             /* those that were judged in the transaction under way, and fit */
byte pos[P*RES];         /* the view: the events that it has shown, */
byte view[P*N], gone[P]; /* the objects that are there, and those that were */
byte ahead[P*N];         /* a GET has put an object into the view by this version; 0, or the watch has passed it */
byte age[P*N];           /* ticks, and 1, since it first saw this entry; 0: it hasn't */
#define ABSENT 1
#define PRESENT 2
byte got[P*N], grv[P*N]; /* what the GET for this entry answered, and by which version */
byte uage[P];            /* as age, of this unknown */
bool know[P];            /* what counts was listed since, */
byte lrv[P*RES];         /* with this newest version of an item */
bool ghost[P];           /* a write whose answer was lost may still come: */
byte gnew[P], gleft[P], gfloor[P*RES];
bool gknow[P];
#if SHORT
#define COPY(r) tu
#define HAS(r) (!tu.missing)
#define CURRENT(r) true
#else
usage copy[P];
bool has[P], current[P];
#define COPY(r) copy[r]
#define HAS(r) has[r]
#define CURRENT(r) current[r]
#endif

/* For variants and for what must be reached; 0 without them. */
bool ok[P];              /* EARLYSTATE: was ready when that was looked at */
byte again[P];           /* GROWRIDE: calls that were in a write of unknown outcome */
byte oage[P];            /* OWNCLOCK: as age, of a growth that it proposed */
bool knew[P], missed[P]; /* RENUMBER: it had seen number 1; and since then it has not seen the object unknown */
bool came[N], released;
byte mark, crashed;

hidden byte i, j, x, y, a, e, use, sum, wnew, wleft, wknow, wfloor[RES];   /* scratch */

/* ---- what a replica goes by */

#define OLD(age) ((age) > (IS(WAITREQ) -> REQ : REQ+1))   /* more than REQ: ticks are whole */
#define REACHED(r) (pos[(r)*RES] >= COPY(r).floor[0] && (IS(ONEFLOOR) || pos[(r)*RES+RES-1] >= COPY(r).floor[RES-1]))
#define OPEN(r) (HAS(r) && !COPY(r).damaged && !COPY(r).unknown)
#define READY(r) (IS(EARLYSTATE) -> ok[r] && HAS(r) : OPEN(r) && REACHED(r))
#define RIDES(r,m) (OPEN(r) && (m) < N && COPY(r).entry[m])   /* it is reserved already */

/* An entry that has left isn't counted here, and the next write leaves it out. */
#define GONE(r,o) (gone[r] & BIT(o))
#define SHOWN(r,o) (view[AT(r,o)] > 0 && (IS(SEEN) || !IS_GROWTH(COPY(r).entry[o])))
#define MAYGET(r,o) (OLD(age[AT(r,o)]) || (IS(EARLYGET) && age[AT(r,o)] > 0) || \
                     (IS(GROWEARLY) && IS_GROWTH(tu.entry[o]) && real[o] >= AMOUNT(tu.entry[o])))
#define ANSWERED(r,o) (got[AT(r,o)] == ABSENT || \
                       (got[AT(r,o)] == PRESENT && pos[(r)*RES+RESOURCE(o)] >= grv[AT(r,o)]))
#define VOID(r,o) ((OLD(age[AT(r,o)]) || IS(GROWEARLY)) && (ANSWERED(r,o) || IS(CLOCKONLY)))
#define MISTAKEN(r) (knew[r] && missed[r])
#define HAS_LEFT(r,o) (COPY(r).entry[o] && (GONE(r,o) || SHOWN(r,o) || VOID(r,o) || MISTAKEN(r)))

#define MAYLIST(r) (OLD(uage[r]) || ((IS(UNKNOWNEARLY) || IS(EARLYLIST)) && uage[r] > 0))
#define KNOWS(r) (know[r] && COPY(r).unknown && (OLD(uage[r]) || !IS(EARLYLIST)))

/* There is something to write; with COUNTED always, for the sake of objects that aren't in the model. */
#define TOWRITE(r) (HAS(r) && !COPY(r).damaged && (COUNTED || new[r] || KNOWS(r) || \
                    HAS_LEFT(r,0) || HAS_LEFT(r,1%N) || HAS_LEFT(r,2%N)))
#define LANDS(r) (CURRENT(r) || IS(NOCAS))

#define NEWS_OF(r,o) (tu.entry[o] && age[AT(r,o)] == 0)
#define NEWS(r) (SHORT -> NEWS_OF(r,0) || NEWS_OF(r,1%N) || NEWS_OF(r,2%N) || (tu.unknown && uage[r] == 0) : !CURRENT(r))

/* ---- parts of steps */

inline emit(o_, amount_, first_) {
  log[RESOURCE(o_)*L+end_[RESOURCE(o_)]] = EVENT(o_, amount_, first_); end_[RESOURCE(o_)]++
}
inline check() {
  sum = 0; each(i, N) { sum = sum + real[i] }
  assert(sum <= CAP)
}
inline lower(v_) { if :: v_ > 0 -> v_ = v_ - 1 :: else fi }
inline compact() {                  /* drop the events that every view has shown */
  each(y, RES) {
    do
    :: end_[y] > 0 && pos[y] > 0 && pos[RES+y] > 0 ->
       i = 1; do :: i < end_[y] -> log[y*L+i-1] = log[y*L+i]; i++ :: else -> break od;
       end_[y]--; log[y*L+end_[y]] = 0;
       lower(tu.floor[y]);
       each(i, P) {
         pos[i*RES+y]--; lower(gfloor[i*RES+y]); lower(lrv[i*RES+y]);
#if !SHORT
         lower(copy[i].floor[y]);
#endif
         each(j, N) { if :: RESOURCE(j) == y -> lower(grv[AT(i,j)]); lower(ahead[AT(i,j)]) :: else fi }
       }
    :: else -> break
    od
  }
}
#define WRITTEN(m) ((new[0] | new[1] | gnew[0] | gnew[1]) & BIT(m))
inline tidy() {                     /* one form for states that differ only in what can't matter any more */
  each(i, M) {
    if
    :: api[i] == OVER && !WRITTEN(i) ->
       amt[i] = 0;
       if
       :: i < N && (G == 0 || i > 0) && !tu.entry[i%N] && !COPY(0).entry[i%N] && !COPY(1).entry[i%N] ->
          gone[0] = gone[0] & ~BIT(i); gone[1] = gone[1] & ~BIT(i)
       :: else
       fi
    :: else
    fi
  }
  skip                              /* a d_step can't end with a loop */
}
inline set_entry(o_, e_) {          /* timers and answers are of one number */
  if
  :: NUMBER(tu.entry[o_]) != NUMBER(e_) -> each(j, P) { age[AT(j,o_)] = 0; got[AT(j,o_)] = 0; grv[AT(j,o_)] = 0 }
  :: else
  fi;
  tu.entry[o_] = e_
}
inline set_unknown(is_) {           /* another one, or none */
  tu.unknown = is_;
  if
  :: !IS(SAMESERIES) -> each(j, P) { uage[j] = 0; know[j] = 0; each(i, RES) { lrv[j*RES+i] = 0 } }
  :: else
  fi
}
inline no_ghost(q_) {
  ghost[q_] = 0; gnew[q_] = 0; gleft[q_] = 0; gknow[q_] = 0; each(i, RES) { gfloor[q_*RES+i] = 0 }
}
inline take(q_) {                   /* it sees the object as it is */
#if !SHORT
  has[q_] = !tu.missing; current[q_] = 1; new[q_] = 0;
  each(i, N) { copy[q_].entry[i] = tu.entry[i] }
  each(i, RES) { copy[q_].floor[i] = tu.floor[i] }
  copy[q_].unknown = tu.unknown; copy[q_].damaged = tu.damaged; copy[q_].missing = tu.missing;
#endif
  if :: tu.unknown && uage[q_] == 0 -> uage[q_] = 1 :: else fi;
  if :: IS(RENUMBER) && (tu.unknown || tu.damaged) -> missed[q_] = 0; knew[q_] = 0 :: else fi;
  each(i, N) {
    if
    :: NEWS_OF(q_,i) ->
       age[AT(q_,i)] = 1;
       if :: IS(OWNCLOCK) && IS_GROWTH(tu.entry[i]) && oage[q_] > 0 -> age[AT(q_,i)] = oage[q_]; oage[q_] = 0 :: else fi;
       if :: IS(RENUMBER) && !missed[q_] -> knew[q_] = 1 :: else fi
    :: else
    fi
  }
}
inline drop(q_) {                   /* it has to read the object again */
  new[q_] = 0;
#if !SHORT
  has[q_] = 0; current[q_] = 0;
  each(i, N) { copy[q_].entry[i] = 0 }
  each(i, RES) { copy[q_].floor[i] = 0 }
  copy[q_].unknown = 0; copy[q_].damaged = 0; copy[q_].missing = 0
#endif
}
inline changed() {                  /* every copy is old now, and writes under way fail */
#if SHORT
  if :: !IS(NOCAS) -> new[0] = 0; new[1] = 0 :: else fi;
#else
  current[0] = 0; current[1] = 0;
#endif
  if :: !IS(NOCAS) && !(IS(UPSERT) && tu.missing) -> no_ghost(0); no_ghost(1) :: else fi
}
inline last_version(o_) {           /* into a: of an object that is there */
  a = 0; each(i, end_[RESOURCE(o_)]) { if :: OBJECT(log[RESOURCE(o_)*L+i]) == o_ -> a = i+1 :: else fi }
}
inline first_shown(q_, o_) {        /* into a: the version that showed it first, for that is the least that may count */
  a = 0;
  each(i, pos[q_*RES+RESOURCE(o_)]) {
    e = log[RESOURCE(o_)*L+i]; if :: e == EVENT(o_, AMOUNT(e>>2), 1) -> a = i+1 :: else fi
  }
}
inline floor_for(q_, o_) {          /* into a: the version by which its entry has left; 0: by none */
  if
  :: GONE(q_,o_) -> a = 0
  :: else ->
     if
     :: SHOWN(q_,o_) && IS(NOFLOOR) -> a = 0
     :: SHOWN(q_,o_) && !IS(NOFLOOR) && ahead[AT(q_,o_)] > 0 -> a = ahead[AT(q_,o_)]
     :: SHOWN(q_,o_) && !IS(NOFLOOR) && ahead[AT(q_,o_)] == 0 -> first_shown(q_, o_)
     :: else -> a = (IS(GROWNOFLOOR) -> 0 : grv[AT(q_,o_)])
     fi
  fi
}
inline prepare(q_) {                /* what a write of q leaves out, and its floors */
  wknow = KNOWS(q_); wleft = 0;
  each(i, RES) { wfloor[i] = (wknow -> lrv[q_*RES+i] : COPY(q_).floor[i]) }
  each(x, N) {
    if
    :: HAS_LEFT(q_,x) ->
       wleft = wleft | BIT(x); floor_for(q_, x);
       if :: a > wfloor[RESOURCE(x)] || (IS(LASTFLOOR) && a > 0) -> wfloor[RESOURCE(x)] = a :: else fi
    :: else
    fi
  }
}
inline put() {                      /* a write lands: wleft, wnew, wfloor, wknow */
  each(x, RES) { tu.floor[x] = wfloor[x] }
  if :: wknow -> set_unknown(0) :: else fi;
  each(x, N) {
    if
    :: wleft & BIT(x) -> set_entry(x, 0); if :: REACH == RELEASE && !came[x] -> released = 1 :: else fi
    :: else
    fi
  }
  each(x, M) {
    if
    :: wnew & BIT(x) ->
       e = tu.entry[TARGET(x)];
       a = (AMOUNT(e) > amt[x] && !IS(SMALLER) -> AMOUNT(e) : amt[x]);
       e = ENTRY((IS(KEEPNUMBER) && IS_GROWTH(e) -> NUMBER(e) : NUMBER_OF(x)), a);
       if :: IS(REPLACE) && x == 1 -> set_entry(0, 0) :: else fi;
       set_entry(TARGET(x), e)
    :: else
    fi
  }
}
inline allow(q_, set_) {
  each(x, M) {
    if
    :: ((set_) & work[q_] & BIT(x)) -> work[q_] = work[q_] & ~BIT(x); if :: api[x] == WAIT -> api[x] = ALLOWED :: else fi
    :: else
    fi
  }
}
inline deny(q_, m_) {
  work[q_] = work[q_] & ~BIT(m_);
  if :: api[m_] == WAIT && !((work[0] | work[1]) & BIT(m_)) -> api[m_] = OVER; left[m_] = 0 :: else fi
}
/* It may be persisted without another write. */
#define COMES(m) ((m) >= N -> api[m] == ALLOWED && real[0] > 0 : api[m] == ALLOWED || \
                  (api[m] == WAIT && (tu.entry[(m)%N] || COPY(0).entry[(m)%N] || COPY(1).entry[(m)%N])))
inline count(q_, o_, set_) {        /* into a: what q counts for an object, with the calls of a set */
  a = 0;
  if
  :: GONE(q_,o_) -> skip
  :: else ->
     a = view[AT(q_,o_)]; e = COPY(q_).entry[o_];
     if :: e && !HAS_LEFT(q_,o_) && AMOUNT(e) > a && !(IS(VIEWWINS) && a > 0) -> a = AMOUNT(e) :: else fi;
     each(i, M) { if :: ((set_) & BIT(i)) && TARGET(i) == o_ && amt[i] > a -> a = amt[i] :: else fi }
  fi;
  if
  :: COUNTED && CURRENT(q_) ->
     assert(a >= real[o_]);
     each(i, M) { assert(a >= amt[i] || TARGET(i) != o_ || !COMES(i)) }
  :: else
  fi
}

/* ---- the API server */

inline call(m_, r_, a_) {
  api[m_] = WAIT; left[m_] = REQ; amt[m_] = a_; work[r_] = work[r_] | BIT(m_);
  if :: TWICE -> work[1-r_] = work[1-r_] | BIT(m_) :: else fi
}
inline persist(m_, o_, first_) {
  api[m_] = OVER; left[m_] = 0; work[0] = work[0] & ~BIT(m_); work[1] = work[1] & ~BIT(m_);
  real[o_] = amt[m_]; emit(o_, amt[m_], first_);
  check();
  MUSTBE(REUSE, deletes > 0 && sum == CAP);
  MUSTBE(RELEASE, released && sum == CAP);
  MUSTBE(REGROWN, shrinks > 0 && m_ == M-1);
  MUSTBE(AFTERCRASH, mark & BIT(m_));
  MUSTBE(AFTERUNKNOWN, mark & BIT(m_));
  if :: REACH == RELEASE -> came[o_] = 1 :: else fi;
  tidy()
}
/* Creates are alike, and begin in order; so do growths. */
#define BEGINS(m) (api[m] == IDLE && ((m) == 0 || (m) == N || api[(m)-1] != IDLE))
#define CREATES(m,amount) (BEGINS(m) && m < N && amount <= CAP)
#define GROWS(m,amount) (BEGINS(m) && m >= N && amount <= CAP && real[0] > 0 && real[0] < amount)

proctype Api(byte m) {
end:
  do
  :: d_step { CREATES(m, 1) -> call(m, 0, 1) }
  :: d_step { CREATES(m, 2) -> call(m, 0, 2) }
  :: d_step { CREATES(m, 3) -> call(m, 0, 3) }
  :: d_step { m > 0 && CREATES(m, 1) -> call(m, 1, 1) }
  :: d_step { m > 0 && CREATES(m, 2) -> call(m, 1, 2) }
  :: d_step { m > 0 && CREATES(m, 3) -> call(m, 1, 3) }
  :: d_step { GROWS(m, 2) -> call(m, 0, 2) }
  :: d_step { GROWS(m, 3) -> call(m, 0, 3) }
  :: d_step { GROWS(m, 2) -> call(m, 1, 2) }
  :: d_step { GROWS(m, 3) -> call(m, 1, 3) }
  /* persisted, at any time before the call ends; or never */
  :: d_step { m < N && api[m] == ALLOWED && !(SAMENAME && m < 2 && real[(1-m)%N] > 0) -> persist(m, m, 1) }
  :: d_step { m >= N && api[m] == ALLOWED && real[0] > 0 && real[0] < amt[m] -> persist(m, 0, 0) }
  od
}

proctype Etcd(byte o) {
end:
  do
  :: d_step { deletes < DELETES && real[o] > 0 -> deletes++; real[o] = 0; emit(o, 0, 0) }
  :: d_step { o == 0 && shrinks < SHRINKS && real[0] > 1 -> shrinks++; real[0] = 1; emit(0, 1, 0) }
  od
}

inline older(v_) { if :: v_ > 0 && v_ <= REQ+1 -> v_ = v_ + 1 :: else fi }

proctype Clock() {
end:
  do
  :: d_step { true ->
       each(x, M) {
         if
         :: (api[x] == WAIT || api[x] == ALLOWED) && left[x] > 0 -> left[x] = left[x] - 1
         :: (api[x] == WAIT || api[x] == ALLOWED) && left[x] == 0 ->
            api[x] = OVER; work[0] = work[0] & ~BIT(x); work[1] = work[1] & ~BIT(x)
         :: else
         fi
       }
       each(x, P*N) { older(age[x]) }
       each(x, P) { older(uage[x]); older(oage[x]) }
       tidy() }
  od
}

/* ---- replicas */

proctype View(byte r, k) {          /* the next event of a watch */
end:
  do
  :: d_step { pos[r*RES+k] < end_[k] ->
       e = log[k*L+pos[r*RES+k]]; x = OBJECT(e); pos[r*RES+k]++;
       if
       :: ahead[AT(r,x)] > pos[r*RES+k] -> skip
       :: else ->
          ahead[AT(r,x)] = 0; view[AT(r,x)] = AMOUNT(e>>2);
          if :: view[AT(r,x)] == 0 -> gone[r] = gone[r] | BIT(x) :: else fi
       fi;
       compact(); tidy() }
  :: d_step { IS(DELREL) && k == 0 && real[0] > 0 && view[AT(r,0)] > 0 -> gone[r] = gone[r] | 1; view[AT(r,0)] = 0 }
  od
}

proctype Replica(byte r) {
end:
  do
  /* an event of the object's watch, or a GET */
  :: d_step { NEWS(r) -> take(r); tidy() }
  :: d_step { IS(EARLYSTATE) && OPEN(r) && REACHED(r) && !ok[r] -> ok[r] = 1 }
  /* COUNTED: a call for an object that isn't in the model is judged */
  :: d_step { COUNTED && READY(r) -> each(x, N) { count(r, x, new[r]) } skip }
  /* the write, bound to the version that it was judged by */
  :: d_step { TOWRITE(r) ->
       if
       :: LANDS(r) -> prepare(r); wnew = new[r]; put(); new[r] = 0; changed(); take(r); allow(r, wnew); ok[r] = 0
       :: else -> drop(r)
       fi;
       tidy() }
  /* its outcome stays unknown: it lands later, or never. All is judged again by what is read then */
  :: d_step { ghosts < GHOSTS && !ghost[r] && TOWRITE(r) ->
       ghosts++;
       if
       :: LANDS(r) ->
          prepare(r); ghost[r] = 1; gnew[r] = new[r]; gleft[r] = wleft; gknow[r] = wknow;
          each(i, RES) { gfloor[r*RES+i] = wfloor[i] }
       :: else
       fi;
       if
       :: IS(ASSUME) -> allow(r, new[r])
       :: IS(GROWRIDE) -> again[r] = again[r] | new[r]
       :: IS(FORGET) -> each(x, M) { if :: new[r] & work[r] & BIT(x) -> deny(r, x) :: else fi }
       :: else
       fi;
       drop(r); tidy() }
  :: d_step { ghost[r] ->
       each(i, RES) { wfloor[i] = gfloor[r*RES+i] }
       wnew = gnew[r]; wleft = gleft[r]; wknow = gknow[r]; put();
       if :: IS(UPSERT) -> tu.missing = 0; set_unknown(0) :: else fi;
       no_ghost(r); changed(); tidy() }
  /* more than REQ after this unknown was first seen here: a consistent LIST */
  :: d_step { HAS(r) && CURRENT(r) && COPY(r).unknown && !know[r] && MAYLIST(r) ->
       know[r] = 1;
       each(x, RES) {
         a = 0;
         each(i, (IS(LISTVIEW) -> pos[r*RES+x] : end_[x])) {
           y = OBJECT(log[x*L+i]);
           if :: (IS(LISTVIEW) -> view[AT(r,y)] : real[y]) > 0 && !IS(LISTNOFLOOR) -> a = i+1 :: else fi
         }
         lrv[r*RES+x] = a
       }
       skip }
  od
}

proctype Judge(byte r, m) {
end:
  do
  :: d_step { (work[r] & BIT(m)) && !(new[r] & BIT(m)) && (RIDES(r,m) || READY(r)) ->
       e = COPY(r).entry[TARGET(m)];
       if
       :: RIDES(r,m) -> allow(r, BIT(m))
       :: IS(GROWRIDE) && m >= N && IS_GROWTH(e) && (again[r] & BIT(m)) -> allow(r, BIT(m))
       :: IS(NORENEW) && m >= N && IS_GROWTH(e) && AMOUNT(e) >= amt[m] -> allow(r, BIT(m))
       :: IS(VIEWGROW) && m >= N && view[AT(r,0)] >= amt[m] -> allow(r, BIT(m))
       :: else ->
          use = 0;
          each(x, N) {   /* another of the same name is left out of this decision */
            if :: !(SAMENAME && m < 2 && x == 1-m) -> count(r, x, new[r] | BIT(m)); use = use + a :: else fi
          }
          if
          :: use > CAP -> deny(r, m)
          :: else ->
             new[r] = new[r] | BIT(m);
             if
             :: IS(ANSWERFIRST) && api[m] == WAIT -> api[m] = ALLOWED
             :: IS(OWNCLOCK) && m >= N -> oage[r] = 1
             :: REACH == AFTERCRASH && crashed == r+1 -> mark = mark | BIT(m)
             :: REACH == AFTERUNKNOWN && losses+edits > 0 -> mark = mark | BIT(m)
             :: else
             fi
          fi
       fi;
       tidy() }
  od
}

proctype Get(byte r, o) {           /* a consistent GET by name, more than REQ after the entry was first seen here */
  byte shown;
end:
  do
  :: d_step { HAS(r) && tu.entry[o] && NUMBER(COPY(r).entry[o]) == NUMBER(tu.entry[o]) && !got[AT(r,o)] &&
              MAYGET(r,o) && !HAS_LEFT(r,o) ->
       shown = (IS(STALEGET) -> view[AT(r,o)] : real[o]);
       last_version(o);
       if
       :: shown == 0 -> got[AT(r,o)] = ABSENT
       :: shown > 0 && IS_GROWTH(tu.entry[o]) -> got[AT(r,o)] = PRESENT; grv[AT(r,o)] = a
       :: shown > 0 && !IS_GROWTH(tu.entry[o]) && a > pos[r*RES+RESOURCE(o)] -> view[AT(r,o)] = shown; ahead[AT(r,o)] = a
       :: else
       fi;
       shown = 0 }
  od
}

proctype Crash(byte r) {            /* and its successor: what that has listed is consistent */
end:
  do
  :: d_step { crashes < CRASHES -> crashes++;
       drop(r); work[r] = 0; gone[r] = 0; uage[r] = 0; know[r] = 0;
       each(i, N) { age[AT(r,i)] = 0; got[AT(r,i)] = 0; grv[AT(r,i)] = 0; ahead[AT(r,i)] = 0; view[AT(r,i)] = real[i] }
       each(i, RES) { pos[r*RES+i] = end_[i]; lrv[r*RES+i] = 0 }
       if :: REACH == AFTERCRASH -> crashed = r+1 :: else fi;
       compact(); tidy() }
  od
}

/* ---- the object is lost, or somebody writes into it */

inline no_entries() { each(x, N) { set_entry(x, 0) } }
inline no_floors() { each(x, RES) { tu.floor[x] = 0 } }

proctype Trouble() {
end:
  do
  :: d_step { losses < LOSSES && !tu.missing -> losses++;
       no_entries(); no_floors(); set_unknown(0); tu.damaged = 0; tu.missing = 1; changed(); tidy() }
  /* a create, which fails where there is one */
  :: d_step { tu.missing -> tu.missing = 0; set_unknown(!IS(LOSTEMPTY)); changed(); tidy() }
  /* reservations and floors go, or floors alone */
  :: d_step { edits < EDITS && !tu.missing -> edits++;
       no_entries(); no_floors(); set_unknown(0); tu.damaged = !IS(UNNOTICED); changed();
       if :: IS(RENUMBER) -> missed[0] = 1; missed[1] = 1 :: else fi;
       tidy() }
  :: d_step { edits < EDITS && !tu.missing -> edits++;
       no_floors(); set_unknown(0); tu.damaged = !IS(UNNOTICED); changed(); tidy() }
  /* mended by whoever reads that: a write that is bound to its version */
  :: d_step { tu.damaged -> tu.damaged = 0; set_unknown(1); changed(); tidy() }
  od
}

init {
  byte p, m;
  atomic {
    each(m, M) { run Api(m) }
    each(m, N) { run Etcd(m) }
    run Clock();
    each(p, P) {
      run Replica(p);
      each(m, RES) { run View(p, m) }
      each(m, M) { run Judge(p, m) }
      each(m, N) { run Get(p, m) }
      run Crash(p)
    }
    run Trouble();
    p = 0; m = 0
  }
}
