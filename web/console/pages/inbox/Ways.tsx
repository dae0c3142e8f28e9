/** Where an answer goes: every address of the person, and why one cannot be used. */
import type { ReactElement } from 'react';
import type { WayShown } from '../../../../contract/doors/console/inbox.ts';
import { channelIcon, channelName, Icon } from '../../../shared/icons.tsx';
import { spanText, useNow } from '../../../shared/time.tsx';
import { Item } from '../../ui/menuParts.tsx';
import { Opens } from '../../ui/Opens.tsx';

type WaysProps = { ways: readonly WayShown[]; way: WayShown | undefined; onWay: (id: string) => void };

/** Where the answer goes; what cannot be used is there with its reason. */
export function Ways({ ways, way, onWay }: WaysProps): ReactElement {
  const nowMs = useNow();
  if (!way) return <span className="muted">There is no address to answer to.</span>;
  return (
    <Opens
      position="top-start"
      width={320}
      items={
        <>
          {ways.map((one) => (
            <Item
              key={one.destinationId}
              leftSection={<Icon name={channelIcon(one.channel)} size={16} />}
              aria-disabled={(one.reason !== null && !one.templateOnly) || undefined}
              onClick={() => (one.reason === null || one.templateOnly) && onWay(one.destinationId)}
            >
              {channelName(one.channel)} · {one.address}
              {one.windowEndsAt && one.reason === null ? (
                <span className="reason">free text for {leftText(one.windowEndsAt, nowMs)}</span>
              ) : null}
              {one.templateOnly ? (
                <span className="reason">the window is closed: a template only</span>
              ) : one.reason === null ? null : (
                <span className="reason">{one.reason}</span>
              )}
            </Item>
          ))}
        </>
      }
    >
      <button
        type="button"
        className="chip way"
        aria-label={`On ${channelName(way.channel)}, ${way.address}: change`}
      >
        <Icon name={channelIcon(way.channel)} size={14} />
        <span>
          on {channelName(way.channel)} · {way.address}
        </span>
        <Icon name="down" size={14} />
      </button>
    </Opens>
  );
}

/** How long free text may still be sent. */
export function leftText(endsAt: string, nowMs: number): string {
  return spanText(Math.max(0, Date.parse(endsAt) - nowMs));
}
