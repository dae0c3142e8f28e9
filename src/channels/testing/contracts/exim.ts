/** What Exim 4.96 writes to who sent: a mail that failed, and one that went on to another server (RFC 3464, seen 2026-11-20). */

/** A report of Exim's about the mail with this Message-Id. */
export function eximReport(action: 'failed' | 'delivered', messageId: string): string {
  const failed = action === 'failed';
  const boundary = '1764000000-eximdsn-1';
  const part = (type: string, lines: string[]) => [
    `--${boundary}`,
    `Content-type: ${type}`,
    '',
    ...lines,
    '',
  ];
  return [
    'Received: from Debian-exim by mx.bakery.example with local (Exim 4.96)',
    '\tid 1vNabc-000001-0a',
    '\tfor news@shop.example;',
    '\tMon, 24 Nov 2025 16:00:00 +0000',
    ...(failed ? ['X-Failed-Recipients: ada@bakery.example', 'Auto-Submitted: auto-replied'] : []),
    'From: Mail Delivery System <Mailer-Daemon@bakery.example>',
    ...(failed ? [] : ['Auto-Submitted: auto-generated']),
    'To: news@shop.example',
    `References: <${messageId}>`,
    `Content-Type: multipart/report; report-type=delivery-status; boundary=${boundary}`,
    'MIME-Version: 1.0',
    `Subject: ${failed ? 'Mail delivery failed: returning message to sender' : 'Delivery Status Notification'}`,
    'Message-Id: <E1vNabc-000001-0a@mx.bakery.example>',
    'Date: Mon, 24 Nov 2025 16:00:00 +0000',
    '',
    ...part('text/plain; charset=us-ascii', [
      'This message was created automatically by mail delivery software.',
      ...(failed
        ? [
            '',
            'A message that you sent could not be delivered to one or more of its',
            'recipients. This is a permanent error. The following address(es) failed:',
            '',
            '  ada@bakery.example',
            '    5.2.2 mailbox full',
          ]
        : [
            ' ----- The following addresses had successful delivery notifications -----',
            '<ada@bakery.example> (relayed via non "Remote SMTP" router)',
          ]),
    ]),
    ...part('message/delivery-status', [
      'Reporting-MTA: dns; mx.bakery.example',
      'Original-Envelope-ID: e1',
      '',
      'Original-Recipient: rfc822;news@shop.example',
      `Action: ${action}`,
      'Final-Recipient: rfc822;ada@bakery.example',
      // Exim's own: the status is bare, and what the other server said is in the text alone.
      ...(failed
        ? ['Status: 5.0.0']
        : ['Status: 2.0.0', 'Diagnostic-Code: X-Exim; relayed via non SMTP router']),
    ]),
    ...part('text/rfc822-headers', [
      'Return-path: <news@shop.example>',
      'From: news@shop.example',
      'To: ada@bakery.example',
      'Subject: Fresh bread',
      `Message-ID: <${messageId}>`,
      'Date: Mon, 24 Nov 2025 15:59:59 +0000',
    ]),
    `--${boundary}--`,
    '',
  ].join('\n');
}
